import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Project, ProgramOutcome, ProjectSession } from '../sidecar/project/project.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { TestReport, Trial } from './events.ts';

export interface TrialOptions {
  readonly project: Project;
  /** On the host; made anew, and the program is all it holds. */
  readonly folder: string;
  /** Gets what the program makes. */
  readonly filesFolder: string;
  readonly module: string;
  readonly tests: readonly string[];
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onOutput: (text: string) => void;
}

/**
 * Runs a program, and its tests where it ended well. Rejects with ColloquyError `no-sandbox` where nothing can be
 * run, and with the reason of the signal.
 */
export async function tryProgram(source: string, options: TrialOptions): Promise<Trial> {
  const { project, folder, filesFolder, module, tests, seconds, signal, onOutput } = options;
  for (const each of [folder, filesFolder]) rmSync(each, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  mkdirSync(filesFolder, { recursive: true });
  const entry = `${module}.py`;
  writeFileSync(path.join(folder, entry), source);
  const outcome = await project.run({ folder, entry, seconds, signal, onOutput, keepFiles: filesFolder });
  if (outcome.type === 'unavailable') throw noSandbox(outcome.why);
  const { output, ms, files } = outcome;
  const problem = problemOf(outcome);
  if (problem !== undefined) return { passed: false, summary: problem, output, ms, files, tests: [] };
  if (tests.length === 0)
    return { passed: true, summary: 'it ended with exit code 0', output, ms, files, tests: [] };
  const reports = await runTests(options);
  const failed = reports.filter(({ passed }) => !passed);
  const summary =
    failed.length === 0
      ? `it ended with exit code 0, and ${reports.length === 1 ? 'its test has' : `its ${reports.length} tests have`} passed`
      : `it ended with exit code 0, but ${failed.length} of ${reports.length} tests failed: ${failed[0]?.detail ?? failed[0]?.name ?? ''}`;
  return { passed: failed.length === 0, summary, output, ms, files, tests: reports };
}

function problemOf(outcome: Exclude<ProgramOutcome, { type: 'unavailable' }>): string | undefined {
  if (outcome.type !== 'exited') return outcome.detail;
  if (outcome.code === 0) return undefined;
  const last = outcome.output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  const error = /^[\w.]*(?:Error|Exception|Interrupt|Exit|Warning)\b.*/.exec(last)?.[0];
  return `it ended with exit code ${outcome.code}${error === undefined ? '' : `: ${error.slice(0, 300)}`}`;
}

/** In one interpreter, each after the other, with the names of the program. */
async function runTests({ project, folder, module, tests, signal }: TrialOptions): Promise<TestReport[]> {
  const session = await project.openSession({ folder });
  const end = (): void => void session.close();
  signal.addEventListener('abort', end, { once: true });
  try {
    const loaded = await run(session, 'code', 1, loadingCode(module));
    if (loaded.outcome === 'unavailable') throw noSandbox(loaded.detail ?? 'no interpreter is there');
    if (loaded.outcome !== 'ok') {
      const detail = `the program cannot be imported by its tests: ${loaded.detail ?? loaded.outcome}`;
      return [{ name: 'import', passed: false, detail, output: loaded.output }];
    }
    const reports: TestReport[] = [];
    for (const [index, code] of tests.entries()) {
      const { outcome, detail, output } = await run(session, 'test', index + 1, code);
      signal.throwIfAborted();
      reports.push({
        name: `test ${index + 1}`,
        passed: outcome === 'ok',
        ...(outcome === 'ok' ? {} : { detail: detail ?? outcome }),
        output,
      });
    }
    signal.throwIfAborted();
    return reports;
  } finally {
    signal.removeEventListener('abort', end);
    await session.close();
  }
}

function run(session: ProjectSession, kind: 'code' | 'test', number: number, code: string) {
  return session.run({ kind, number, language: 'python', code });
}

/**
 * The program as a module, under its name: what stands below `if __name__ == "__main__"` has been run already,
 * and tests may import it as well. One that leaves at its end is no mistake.
 */
function loadingCode(module: string): string {
  return `import importlib.util as _util, sys as _sys
_spec = _util.spec_from_file_location(${JSON.stringify(module)}, ${JSON.stringify(`${module}.py`)})
_module = _util.module_from_spec(_spec)
_sys.modules[${JSON.stringify(module)}] = _module
try:
    _spec.loader.exec_module(_module)
except SystemExit as _exit:
    if _exit.code not in (None, 0):
        raise RuntimeError(f"it left with {_exit.code!r}") from None
globals().update({_name: _value for _name, _value in vars(_module).items() if not _name.startswith("__")})
`;
}

function noSandbox(why: string): ColloquyError {
  return new ColloquyError(
    `the program cannot be run: ${why}. "colloquy doctor" tells more; with --execute-code=false it is only written`,
    { code: 'no-sandbox' },
  );
}
