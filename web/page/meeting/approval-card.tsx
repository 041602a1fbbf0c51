import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { visibleControls } from '../../../journal/render/visible-controls.ts';
import type { PendingApproval } from '../../api.ts';
import { Action } from '../shell/action.tsx';
import { Problem } from '../shell/problem.tsx';
import type { Steer } from './steering-bar.tsx';

interface ApprovalCardProps {
  readonly approval: PendingApproval;
  readonly steer: Steer;
}

/** A block that waits for somebody to say whether it may run. */
export function ApprovalCard({ approval, steer }: ApprovalCardProps): JSX.Element {
  const { id, name, seat, block } = approval;
  const [problem, setProblem] = useState('');
  const [code, setCode] = useState<string>();
  const [why, setWhy] = useState('');
  const isEdited = code !== undefined && code !== block.code;
  return (
    <section class={`card approval ${seat}`} aria-label={`May ${name} run?`}>
      <h2>
        May {name} run? <span class="soft">{block.language}</span>
      </h2>
      {code === undefined ? (
        <pre tabIndex={0} role="region" aria-label={`Code of ${name}`}>
          {visibleControls(block.code)}
        </pre>
      ) : (
        <label>
          <span>What is run instead</span>
          <textarea
            class="code"
            rows={Math.min(14, code.split('\n').length + 1)}
            value={code}
            spellcheck={false}
            onInput={(event) => setCode(event.currentTarget.value)}
          />
        </label>
      )}
      {problem === '' ? null : <Problem text={problem} />}
      <div class="row">
        <Action
          look="strong"
          onProblem={setProblem}
          run={() =>
            steer(
              isEdited
                ? { action: 'approve', id, verdict: 'edit', code }
                : { action: 'approve', id, verdict: 'yes' },
            )
          }
        >
          {isEdited ? 'Run it so' : 'Run it'}
        </Action>
        {code === undefined ? (
          <button type="button" onClick={() => setCode(block.code)}>
            Edit
          </button>
        ) : null}
        <Action
          look="danger"
          onProblem={setProblem}
          run={() =>
            steer({ action: 'approve', id, verdict: 'no', ...(why.trim() === '' ? {} : { why: why.trim() }) })
          }
        >
          Refuse
        </Action>
        <input
          class="why"
          value={why}
          maxLength={2_000}
          aria-label="Why not, for its author"
          placeholder="Why not, for its author"
          onInput={(event) => setWhy(event.currentTarget.value)}
        />
      </div>
    </section>
  );
}
