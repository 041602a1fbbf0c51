import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PersonaList, ServiceList } from '../../api.ts';
import { Action } from '../shell/action.tsx';
import { useJson } from '../shell/api.ts';
import { Problem } from '../shell/problem.tsx';
import { useTitle } from '../shell/title.ts';
import { begin } from './begin.ts';
import { problemWith, requestOf, firstDraft, type Draft } from './draft.ts';
import { OptionFields } from './option-fields.tsx';
import { SeatFields } from './seat-fields.tsx';

/** Who meets whom, and under which terms. */
export function StartPage(): JSX.Element {
  useTitle('Start a meeting');
  const personas = useJson<PersonaList>('/api/personas');
  const services = useJson<ServiceList>('/api/services');
  const failure = personas.problem ?? services.problem;
  return (
    <>
      <h1>Start a meeting</h1>
      {failure ? <Problem text={failure.message} /> : null}
      {personas.answer && services.answer ? (
        <StartForm personas={personas.answer.personas} services={services.answer.services} />
      ) : failure ? null : (
        <p class="loading">Looking for personas and services…</p>
      )}
    </>
  );
}

interface StartFormProps {
  readonly personas: PersonaList['personas'];
  readonly services: ServiceList['services'];
}

function StartForm({ personas, services }: StartFormProps): JSX.Element {
  const [draft, setDraft] = useState<Draft>(() => firstDraft(personas, services));
  const [problem, setProblem] = useState('');
  const change = (part: Partial<Draft>): void => {
    setProblem('');
    setDraft((before) => ({ ...before, ...part }));
  };
  return (
    <form class="start" onSubmit={(event) => event.preventDefault()}>
      <div class="two">
        {(['a', 'b'] as const).map((seat) => (
          <SeatFields
            key={seat}
            seat={seat}
            draft={draft[seat]}
            personas={personas}
            services={services}
            onChange={(part) => {
              setProblem('');
              setDraft((before) => ({ ...before, [seat]: { ...before[seat], ...part } }));
            }}
          />
        ))}
      </div>
      <OptionFields draft={draft} services={services} onChange={change} />
      {problem === '' ? null : <Problem text={problem} />}
      <p class="row">
        <Action
          look="strong"
          onProblem={setProblem}
          why={problemWith(draft, personas, services)}
          run={() => begin(requestOf(draft, personas))}
        >
          Start the meeting
        </Action>
        <span class="soft">
          The same processes as with <code>colloquy meet</code>, on this machine.
        </span>
      </p>
    </form>
  );
}
