import type { JSX } from 'preact';
import type { ServiceList } from '../../api.ts';
import { useJson } from '../shell/api.ts';
import { Empty, Problem } from '../shell/problem.tsx';
import { useTitle } from '../shell/title.ts';
import { BuiltInButton } from '../start/built-in-button.tsx';
import { SandboxReportView } from './sandbox-report.tsx';
import { ServiceCard } from './service-card.tsx';

/** What is there to hold meetings with. */
export function SetupPage(): JSX.Element {
  useTitle('Setup');
  const { answer, problem, reload } = useJson<ServiceList>('/api/services');
  const services = answer?.services.filter(({ kind }) => kind !== 'settings') ?? [];
  const hasModel = services.some(({ kind, usable }) => usable && (kind === 'hosted' || kind === 'local'));
  return (
    <>
      <h1>Setup</h1>
      {answer && !hasModel ? (
        <Empty title="No model is within reach yet">
          <p>
            That is no hindrance to begin with: two characters from the first years of the field need no key
            and no model.
          </p>
          <BuiltInButton />
        </Empty>
      ) : null}
      <div class="headline">
        <h2>Who can write</h2>
        <button type="button" onClick={reload}>
          Look again
        </button>
      </div>
      {problem ? <Problem text={problem.message} /> : null}
      {answer || problem ? null : <p class="loading">Looking for keys and servers…</p>}
      <ul class="cards">
        {services.map((service) => (
          <li key={service.service}>
            <ServiceCard service={service} />
          </li>
        ))}
      </ul>
      <SandboxReportView />
    </>
  );
}
