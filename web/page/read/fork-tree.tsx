import type { JSX } from 'preact';
import { visibleLine } from '../../../journal/render/visible-controls.ts';
import type { TreeNode } from '../../archive-api.ts';

interface ForkTreeProps {
  readonly tree: TreeNode;
  /** The one that is looked at. */
  readonly meeting: string;
}

/** The family of a meeting: each below the one that it has its first turns from. */
export function ForkTree({ tree, meeting }: ForkTreeProps): JSX.Element {
  return (
    <ul class="tree">
      <Branch node={tree} meeting={meeting} parent={undefined} />
    </ul>
  );
}

function Branch({
  node,
  meeting,
  parent,
}: {
  readonly node: TreeNode;
  readonly meeting: string;
  readonly parent: string | undefined;
}): JSX.Element {
  const name = visibleLine(node.meeting);
  const link = `/meetings/${encodeURIComponent(node.meeting)}`;
  const from = node.at === undefined ? '' : node.at === 0 ? 'anew: ' : `after turn ${node.at}: `;
  return (
    <li>
      <span class="soft">{from}</span>
      {node.meeting === meeting ? (
        <b aria-current="page">{name}</b>
      ) : node.isThere ? (
        <a href={link}>{name}</a>
      ) : (
        <span class="soft">{name} (not here any more)</span>
      )}
      {parent !== undefined && node.isThere ? (
        <>
          {' '}
          <a
            class="soft"
            href={`/compare?a=${encodeURIComponent(parent)}&b=${encodeURIComponent(node.meeting)}`}
            aria-label={`Compare ${name} with the meeting it comes from`}
          >
            compare
          </a>
        </>
      ) : null}
      {node.forks.length === 0 ? null : (
        <ul>
          {node.forks.map((fork) => (
            <Branch
              key={fork.meeting}
              node={fork}
              meeting={meeting}
              parent={node.isThere ? node.meeting : undefined}
            />
          ))}
        </ul>
      )}
    </li>
  );
}
