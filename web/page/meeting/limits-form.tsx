import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ControlStatus } from '../../api.ts';
import { Action } from '../shell/action.tsx';
import { Problem } from '../shell/problem.tsx';
import type { Steer } from './steering-bar.tsx';

interface LimitsFormProps {
  readonly control: ControlStatus | undefined;
  readonly steer: Steer;
  readonly why: string;
}

const fields = [
  { name: 'maxMessages', label: 'Turns at most' },
  { name: 'maxSeconds', label: 'Seconds at most' },
  { name: 'maxTokens', label: 'Tokens at most' },
  { name: 'maxCost', label: 'US dollars at most' },
] as const;
type LimitName = (typeof fields)[number]['name'];

/** Changes when the meeting ends by itself. */
export function LimitsForm({ control, steer, why }: LimitsFormProps): JSX.Element {
  const [edited, setEdited] = useState<{ readonly [name in LimitName]?: string }>({});
  const [problem, setProblem] = useState('');
  const limits: { [name in LimitName]?: number } = {};
  for (const { name } of fields) {
    const text = edited[name]?.trim();
    if (text !== undefined && text !== '') limits[name] = Number(text);
  }
  const isEmpty = Object.keys(limits).length === 0;
  return (
    <fieldset>
      <legend>
        Limits <span class="soft">(0: none)</span>
      </legend>
      {problem === '' ? null : <Problem text={problem} />}
      <div class="fields">
        {fields.map(({ name, label }) => (
          <label key={name}>
            <span>{label}</span>
            <input
              inputMode="decimal"
              value={edited[name] ?? String(control?.limits[name] ?? 0)}
              onInput={(event) => setEdited({ ...edited, [name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <p class="row">
        <Action
          why={why !== '' ? why : isEmpty ? 'Change one of them first.' : ''}
          onProblem={setProblem}
          run={async () => {
            await steer({ action: 'limits', limits });
            setEdited({});
          }}
        >
          Change the limits
        </Action>
      </p>
    </fieldset>
  );
}
