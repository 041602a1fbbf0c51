import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { Action } from '../shell/action.tsx';
import { Problem } from '../shell/problem.tsx';
import { begin } from './begin.ts';

const mostMessages = 24;

/** The meeting that needs nothing: for whoever has just come. */
export function BuiltInButton(): JSX.Element {
  const [problem, setProblem] = useState('');
  return (
    <>
      <p>
        <Action
          look="strong"
          onProblem={setProblem}
          run={() =>
            begin({
              seats: { a: { persona: 'eliza' }, b: { persona: 'parry' } },
              limits: { maxMessages: mostMessages },
            })
          }
        >
          Let Eliza meet Parry
        </Action>
      </p>
      {problem === '' ? null : <Problem text={problem} />}
    </>
  );
}
