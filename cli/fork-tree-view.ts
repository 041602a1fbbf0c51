import pc from 'picocolors';
import type { ForkTree } from '../journal/forks.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';

/** A line for each meeting, below the one it went another way from; `meeting` is the one that is looked at. */
export function renderForkTree(
  tree: ForkTree,
  meeting: string,
  { color }: { readonly color: boolean },
): string {
  const colors = pc.createColors(color);
  const describe = ({ meeting: name, at, isThere }: ForkTree): string => {
    const from = at === undefined ? '' : at === 0 ? 'anew: ' : `after turn ${at}: `;
    const shown = visibleLine(name);
    const isThis = name === meeting;
    return `${from}${isThis ? colors.bold(shown) : shown}${isThis ? ' ← this one' : ''}${isThere ? '' : ' (not here any more)'}`;
  };
  const draw = (forks: readonly ForkTree[], margin: string): string[] =>
    forks.flatMap((fork, index) => {
      const isLast = index === forks.length - 1;
      return [
        `${margin}${isLast ? '└─' : '├─'} ${describe(fork)}`,
        ...draw(fork.forks, `${margin}${isLast ? '   ' : '│  '}`),
      ];
    });
  return [describe(tree), ...draw(tree.forks, '')].map((line) => `${line}\n`).join('');
}
