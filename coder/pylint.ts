import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '../sidecar/project/project.ts';
import { withoutExcuses } from './lint.ts';

/** Beyond, a program has to do with the score of the built-in linter. */
const patienceSeconds = 30;

/**
 * The score of pylint, where the Python of the sandbox has it. Pylint reads files that strangers wrote, and so it runs in
 * the sandbox as they do; its settings are its own defaults.
 */
export function createPylint({
  open,
  folder,
  signal,
}: {
  readonly open: () => Promise<Project>;
  /** Beside this one folders are made for a moment. */
  readonly folder: string;
  readonly signal: AbortSignal;
}): (source: string) => Promise<number | undefined> {
  /** Asked once, by the first program. */
  let isThere: Promise<boolean> | undefined;
  const score = async (source: string): Promise<number | undefined> => {
    const mark = randomBytes(8).toString('hex');
    const own = `${folder}-${mark}`;
    mkdirSync(own, { recursive: true });
    try {
      writeFileSync(path.join(own, 'program.py'), withoutExcuses(source));
      writeFileSync(path.join(own, 'score.py'), scoringCode(mark));
      const project = await open();
      const outcome = await project.run({ folder: own, entry: 'score.py', seconds: patienceSeconds, signal });
      const note =
        outcome.type === 'exited' ? new RegExp(`${mark} (-?[\\d.]+)`).exec(outcome.output)?.[1] : undefined;
      return note === undefined ? undefined : Math.min(10, Math.max(0, Math.round(Number(note) * 100) / 100));
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  };
  return async (source) => {
    const first = isThere === undefined ? score(source) : undefined;
    isThere ??= (first as Promise<number | undefined>).then((note) => note !== undefined);
    if (first) return first;
    return (await isThere) ? score(source) : undefined;
  };
}

/** Source: pylint.readthedocs.io, pylint.lint.Run; `global_note` is what it prints as its rating. */
function scoringCode(mark: string): string {
  return `import io, sys
try:
    from pylint.lint import Run
    from pylint.reporters.text import TextReporter
except ImportError:
    sys.exit(0)
run = Run(["--rcfile=", "--persistent=n", "--load-plugins=", "program.py"], reporter=TextReporter(io.StringIO()), exit=False)
print("${mark}", run.linter.stats.global_note)
`;
}
