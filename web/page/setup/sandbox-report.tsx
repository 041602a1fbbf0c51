import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { SandboxReport } from '../../api.ts';
import { Time } from '../conversation/time.tsx';
import { Action } from '../shell/action.tsx';
import { postJson, useJson } from '../shell/api.ts';
import { asSentence, Problem } from '../shell/problem.tsx';

/** How the code of a meeting is kept in, and what that withstood. */
export function SandboxReportView(): JSX.Element {
  const first = useJson<SandboxReport>('/api/sandbox');
  const [tested, setTested] = useState<SandboxReport>();
  const [problem, setProblem] = useState('');
  const report = tested ?? first.answer;
  return (
    <section aria-labelledby="sandbox">
      <div class="headline">
        <h2 id="sandbox">The sandbox</h2>
        <Action
          onProblem={setProblem}
          run={async () => setTested(await postJson<SandboxReport>('/api/sandbox/test', {}))}
        >
          Attack it
        </Action>
      </div>
      {problem === '' ? null : <Problem text={problem} />}
      {first.problem ? <Problem text={first.problem.message} /> : null}
      {report ? (
        <Report report={report} />
      ) : first.problem ? null : (
        <p class="loading">Trying the sandbox…</p>
      )}
    </section>
  );
}

function Report({ report }: { readonly report: SandboxReport }): JSX.Element {
  const { chosen, tiers, attacked, testedAt } = report;
  return (
    <>
      <p class="soft">
        {chosen === null
          ? 'Nothing here can run code safely, so none is run.'
          : `Meetings run code in: ${chosen}.`}{' '}
        {attacked ? 'Attacked' : 'Looked at'} <Time iso={testedAt} format="moment" />.
      </p>
      <ul class="cards">
        {tiers.map((tier) => (
          <li key={tier.tier}>
            <TierCard tier={tier} isChosen={tier.tier === chosen} />
          </li>
        ))}
      </ul>
    </>
  );
}

type Tier = SandboxReport['tiers'][number];

function TierCard({ tier, isChosen }: { readonly tier: Tier; readonly isChosen: boolean }): JSX.Element {
  const held = tier.probes.filter(({ status }) => status === 'held').length;
  const badge = tier.problem === undefined ? (isChosen ? 'in use' : 'available') : 'not here';
  return (
    <article class="card">
      <h3>
        {tier.tier} <span class={`badge ${tier.problem === undefined ? 'ready' : 'absent'}`}>{badge}</span>
      </h3>
      {tier.description === undefined ? null : <p class="soft">{tier.description}</p>}
      {tier.problem === undefined ? null : <p>{asSentence(tier.problem)}</p>}
      {tier.probes.length === 0 ? null : (
        <details>
          <summary>
            {held} of {tier.probes.length} attacks withstood
          </summary>
          <ul class="probes">
            {tier.probes.map(({ name, description, status, detail }) => (
              <li key={name}>
                <span class={`status ${status}`}>{status}</span> {description === '' ? name : description}
                {detail === undefined ? null : <span class="soft"> ({detail})</span>}
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}
