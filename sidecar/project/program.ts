import { constants } from 'node:os';
import { StringDecoder } from 'node:string_decoder';
import { messageOf } from '../../wire/errors.ts';
import { Interpreter, type RunOutcome } from '../interpreter.ts';
import type { Limits, Tier } from '../tiers/tier.ts';
import type { ProgramOptions, ProgramOutcome } from './project.ts';
import { hasFile, keepFiles, putFolder } from './project-files.ts';

export interface ProgramPlace {
  /** Gives the packages of the project, too. */
  readonly tier: Pick<Tier, 'name' | 'launch'>;
  readonly limits: Limits;
  /** Told of what it starts, to end it when the project is closed. */
  readonly track: (interpreter: Interpreter) => void;
}

/** See `Project.run`. */
export async function runProgram(place: ProgramPlace, options: ProgramOptions): Promise<ProgramOutcome> {
  const { folder, entry, seconds, signal } = options;
  signal.throwIfAborted();
  if (entry.startsWith('-') || !hasFile(folder, entry))
    return { type: 'unavailable', why: `there is no file ${JSON.stringify(entry)} in ${folder}` };
  const cpuSeconds = Math.max(place.limits.cpuSeconds, Math.ceil(seconds));
  const limits: Limits = { ...place.limits, seconds, cpuSeconds };
  let interpreter: Interpreter | undefined;
  const end = (): void => void interpreter?.close();
  signal.addEventListener('abort', end);
  try {
    const started = await Interpreter.start(place.tier, limits);
    interpreter = started;
    place.track(started);
    signal.throwIfAborted();
    await putFolder(folder, (file, content) => started.put(file, content), limits.diskMiB);
    const ran = await runIn(started, place.tier.name === 'deno', options);
    signal.throwIfAborted();
    ran.spool?.remove();
    const files =
      options.keepFiles === undefined
        ? ran.files.map((file) => file.path)
        : await keepFiles(ran, started, options.keepFiles, limits.diskMiB);
    signal.throwIfAborted();
    return toOutcome(ran, [...files].sort(), limits);
  } catch (error) {
    signal.throwIfAborted();
    return { type: 'unavailable', why: messageOf(error) };
  } finally {
    signal.removeEventListener('abort', end);
    await interpreter?.close();
  }
}

/** Unbuffered, since what was printed before a crash is what one looks for; a crash of Python's own shows where. */
const pythonOptions = ['-u', '-B', '-X', 'utf8', '-X', 'faulthandler'];

function runIn(interpreter: Interpreter, isEmbedded: boolean, options: ProgramOptions): Promise<RunOutcome> {
  const { entry, args = [], seconds, onOutput } = options;
  const decoder = new StringDecoder('utf8');
  const hear = onOutput ? { onOutput: (chunk: Buffer) => onOutput(decoder.write(chunk)) } : {};
  if (!isEmbedded)
    return interpreter.runProgram({ args: [...pythonOptions, entry, ...args], seconds, ...hear });
  const code = embedded(entry, args);
  return interpreter.run({ kind: 'code', language: 'python', code, name: entry, ...hear });
}

/** Where there are no processes, the program is run by the interpreter itself, and left by `SystemExit` alone. */
function embedded(entry: string, args: readonly string[]): string {
  const literal = (value: unknown): string => JSON.stringify(JSON.stringify(value));
  return `
def _run_program():
    import json, os, sys, traceback, types
    sys.argv = json.loads(${literal([entry, ...args])})
    sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[0])))
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = sys.argv[0]
    try:
        with open(sys.argv[0], "rb") as file:
            code = compile(file.read(), sys.argv[0], "exec")
        exec(code, main.__dict__)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except (Exception, KeyboardInterrupt) as error:
        trace = error.__traceback__
        traceback.print_exception(type(error), error, trace.tb_next or trace)
        return 1
    return 0
raise SystemExit(_run_program())
`;
}

function toOutcome(ran: RunOutcome, files: readonly string[], { seconds }: Limits): ProgramOutcome {
  const { output, outputBytes, ms, outcome } = ran;
  const rest = { output, outputBytes, ms, files };
  const detail = ran.detail?.replace(/^session lost, variables gone: /, '') ?? '';
  if (outcome === 'timeout' || (outcome === 'lost' && ms >= seconds * 1_000))
    return { type: 'timeout', detail: `it took longer than ${seconds} s and was ended`, ...rest };
  const left = /^SystemExit: the code called sys\.exit\((-?\d+)\)/.exec(detail)?.[1];
  const exit = ran.exit ?? (left === undefined ? undefined : Number(left));
  if (outcome === 'lost' || exit === undefined)
    return { type: 'killed', detail: `its sandbox ${detail}`, ...rest };
  if (ran.exit !== undefined && exit < 0) return { type: 'killed', detail: describeSignal(-exit), ...rest };
  return { type: 'exited', code: exit & 0xff, ...rest };
}

function describeSignal(number: number): string {
  const [name = `signal ${number}`] =
    Object.entries(constants.signals).find(([, each]) => each === number) ?? [];
  const hints: Partial<Record<string, string>> = {
    SIGKILL: ', for its memory perhaps',
    SIGXCPU: ', for its processor time',
    SIGSEGV: ': it read or wrote where no memory is',
  };
  return `it was killed by ${name}${hints[name] ?? ''}`;
}
