import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ModelList, ServiceRow } from '../../api.ts';
import { useJson } from '../shell/api.ts';
import { asSentence, Problem } from '../shell/problem.tsx';

const titles: Readonly<Record<string, string>> = {
  openai: 'OpenAI',
  anthropic: 'Anthropic',
  ollama: 'Ollama',
  lmstudio: 'LM Studio',
  eliza: 'Eliza',
  parry: 'Parry',
};

/** One that can write, and whether it can now. A key is found or not; what it is never comes here. */
export function ServiceCard({ service: row }: { readonly service: ServiceRow }): JSX.Element {
  const { service, kind, usable, problem, model } = row;
  const [isListed, setListed] = useState(false);
  const hasModels = kind === 'hosted' || kind === 'local';
  return (
    <article class="card">
      <h3>
        {titles[service] ?? service}{' '}
        <span class={`badge ${usable ? 'ready' : 'absent'}`}>{usable ? 'ready' : 'not ready'}</span>
      </h3>
      <p class="soft">{describe(row)}</p>
      {problem === undefined ? null : <p>{asSentence(problem)}</p>}
      {model === undefined ? null : (
        <p class="soft">
          Unless told otherwise: <code>{model}</code>
        </p>
      )}
      {hasModels && usable ? (
        <details open={isListed} onToggle={(event) => setListed(event.currentTarget.open)}>
          <summary>Models</summary>
          {isListed ? <Models service={service} /> : null}
        </details>
      ) : null}
    </article>
  );
}

function describe({ kind, keyVariable, keyFound, server, reachable }: ServiceRow): string {
  if (kind === 'built-in') return 'Built in, needs nothing.';
  const parts = [
    keyVariable === undefined ? '' : keyFound ? `Key found in ${keyVariable}.` : `No key in ${keyVariable}.`,
    server === undefined
      ? ''
      : reachable === undefined
        ? `Server: ${server}.`
        : reachable
          ? `Server found at ${server}.`
          : `No server at ${server}.`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function Models({ service }: { readonly service: string }): JSX.Element {
  const { answer, problem } = useJson<ModelList>(`/api/services/${encodeURIComponent(service)}/models`);
  if (problem) return <Problem text={problem.message} />;
  if (!answer) return <p class="loading">Asking {service}…</p>;
  if (answer.models.length === 0) return <p class="soft">It has none.</p>;
  return (
    <ul class="models" tabIndex={0} aria-label={`Models of ${service}`}>
      {answer.models.map((name) => (
        <li key={name}>
          <code>{name}</code>
        </li>
      ))}
    </ul>
  );
}
