import { readFileSync } from 'node:fs';
import { hasPassed } from '../journal/block.ts';
import { messageOf } from '../wire/errors.ts';
import { Interpreter, type RunOutcome } from './interpreter.ts';
import { crowdProbes } from './probes/crowds.ts';
import { Decoys } from './probes/decoys.ts';
import { embeddedJavascriptProbes } from './probes/embedded-javascript.ts';
import { embeddedProbes } from './probes/embedded.ts';
import { endingProbes } from './probes/endings.ts';
import { fileProbes } from './probes/files.ts';
import { forgeryProbes } from './probes/forgery.ts';
import { kernelProbes } from './probes/kernel.ts';
import { memoryProbes } from './probes/memory.ts';
import { networkProbes } from './probes/network.ts';
import type { Probe, ProbedRun } from './probes/probe.ts';
import { processProbes } from './probes/processes.ts';
import { secretProbes } from './probes/secrets.ts';
import { sessionProbes } from './probes/sessions.ts';
import { timeProbes } from './probes/time.ts';
import { descendantsOf } from './tiers/process-tree.ts';
import type { Limits, Tier } from './tiers/tier.ts';

/** What hostile code may try, and how it must end. See `Probe`. */
export const probes: readonly Probe[] = [
  ...secretProbes,
  ...fileProbes,
  ...networkProbes,
  ...processProbes,
  ...kernelProbes,
  ...timeProbes,
  ...memoryProbes,
  ...crowdProbes,
  ...endingProbes,
  ...forgeryProbes,
  ...sessionProbes,
  ...embeddedProbes,
  ...embeddedJavascriptProbes,
];

/** Short, so that what must be stopped is stopped soon; for a busy machine, not too short. */
const probeLimits: Limits = {
  seconds: 10,
  cpuSeconds: 10,
  memoryMiB: 512,
  outputKiB: 64,
  processes: 64,
  openFiles: 256,
  diskMiB: 128,
};

/**
 * - `held`: the attack ended as it must;
 * - `broken`: it got something;
 * - `unexpected`: it got nothing, but went otherwise than it must, such as a session that is lost;
 * - `known`: it got something that is known and no reason for worry.
 */
export interface ProbeResult {
  readonly probe: Probe;
  readonly status: 'held' | 'broken' | 'unexpected' | 'known';
  /** How it went, in one line; hostile text is part of it. */
  readonly detail: string;
  readonly ms: number;
}

export interface ProbeOptions {
  /** All that apply to the tier unless given. */
  readonly only?: (probe: Probe) => boolean;
  /** How many at a time. */
  readonly atOnce?: number;
}

/** Whether a probe says something about a tier. */
export function appliesTo(
  { tiers, language = 'python' }: Probe,
  tier: Pick<Tier, 'name' | 'languages'>,
): boolean {
  return tiers.includes(tier.name) && tier.languages.includes(language);
}

/**
 * Attacks a tier with every probe that applies to it, and tells of each when it is done; results are in
 * the order of the table. The tier must be prepared. Never rejects: a tier that does not start has no
 * probe that held.
 */
export async function runProbes(
  tier: Pick<Tier, 'name' | 'languages' | 'launch'>,
  { only = () => true, atOnce = 2 }: ProbeOptions = {},
  onResult: (result: ProbeResult) => void = () => {},
): Promise<ProbeResult[]> {
  const chosen = probes.filter((probe) => appliesTo(probe, tier) && only(probe));
  const waiting = [...chosen];
  const results = new Map<Probe, ProbeResult>();
  const work = async (): Promise<void> => {
    const attacker = await Attacker.start(tier);
    try {
      for (let probe = waiting.shift(); probe; probe = waiting.shift()) {
        const result = await attacker.attack(probe);
        results.set(probe, result);
        onResult(result);
      }
    } finally {
      await attacker.close();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, chosen.length) }, work));
  return chosen.flatMap((probe) => results.get(probe) ?? []);
}

/** How a run is judged; the same for the wall and for a control, which must be `broken`. */
export async function judge(
  probe: Probe,
  decoys: Decoys,
  run: ProbedRun,
  other?: ProbedRun,
): Promise<{ readonly broken?: string; readonly isSilent: boolean }> {
  const output = run.output + (other?.output ?? '');
  const said = /^WALL:broken(.*)$/m.exec(output)?.[1]?.trim();
  const found = await probe.check?.(decoys, run, other);
  const broken =
    said ??
    found ??
    (output.includes(decoys.secret) ? 'the secret was printed' : undefined) ??
    (hasPassed({ kind: probe.kind ?? 'code' }, run) ? 'the test counts as passed' : undefined);
  return { ...(broken === undefined ? {} : { broken }), isSilent: !/^WALL:held/m.test(run.output) };
}

/** One at a time, against decoys of its own; probes that leave no trace share a session. */
class Attacker {
  readonly #tier: Pick<Tier, 'launch' | 'name'>;
  readonly #decoys: Decoys;
  #shared: Interpreter | undefined;

  static async start(tier: Pick<Tier, 'launch' | 'name'>): Promise<Attacker> {
    return new Attacker(tier, await Decoys.start());
  }

  private constructor(tier: Pick<Tier, 'launch' | 'name'>, decoys: Decoys) {
    this.#tier = tier;
    this.#decoys = decoys;
  }

  async attack(probe: Probe): Promise<ProbeResult> {
    const startedAtMs = performance.now();
    const result = await this.#attack(probe).catch((error: unknown) => ({
      status: 'unexpected' as const,
      detail: messageOf(error),
    }));
    return { probe, ...result, ms: Math.round(performance.now() - startedAtMs) };
  }

  async close(): Promise<void> {
    await this.#shared?.close();
    await this.#decoys.close();
  }

  async #attack(probe: Probe): Promise<Pick<ProbeResult, 'status' | 'detail'>> {
    const isAlone = probe.ownSession === true || probe.limits !== undefined || mayEndBadly(probe);
    const interpreter = isAlone ? await this.#start(probe.limits) : await this.#shareInterpreter();
    let left: readonly number[];
    let variables: 'kept' | 'gone' | undefined;
    let run: RunOutcome;
    let other: RunOutcome | undefined;
    try {
      await interpreter.run({ ...asked, code: `kept_${this.#decoys.token} = "kept"` });
      run = await this.#run(interpreter, probe, probe.code(this.#decoys));
      if (probe.codeOfOther) other = await this.#runInOther(probe, probe.codeOfOther(this.#decoys));
      variables = await this.#lookAtVariables(interpreter);
    } finally {
      left = isAlone ? descendantsOf(interpreter.pid) : [];
      if (isAlone) await interpreter.close();
    }
    const { broken, isSilent } = await judge(probe, this.#decoys, run, other);
    const ended = `${run.outcome}${run.detail === undefined ? '' : `, ${run.detail}`}`;
    if (broken !== undefined) {
      const status = probe.knownWeakness === undefined ? 'broken' : 'known';
      return { status, detail: `${broken} (${ended})` };
    }
    const survivors = await stillThere(left);
    if (survivors > 0) return { status: 'broken', detail: `${survivors} processes outlived the session` };
    const expected = probe.outcomes ?? ['ok'];
    if (!expected.includes(run.outcome))
      return {
        status: 'unexpected',
        detail: `${ended}; not ${expected.join(' or ')}: ${run.output.slice(-300)}`,
      };
    if (run.outcome === 'ok' && isSilent)
      return {
        status: 'unexpected',
        detail: `the attack did not come to its end: ${run.output.slice(-300)}`,
      };
    const wanted = probe.variables ?? (mayEndBadly(probe) ? undefined : 'kept');
    if (wanted !== undefined && variables !== wanted)
      return { status: 'unexpected', detail: `${ended}; the variables are ${variables}, not ${wanted}` };
    return { status: 'held', detail: summaryOf(run.output, ended) };
  }

  async #run(interpreter: Interpreter, probe: Probe, code: string): Promise<RunOutcome> {
    const { language = 'python', kind = 'code' } = probe;
    const outcome = await interpreter.run({ language, kind, code, name: `probe ${probe.name}` });
    outcome.spool?.remove();
    return outcome;
  }

  async #runInOther(probe: Probe, code: string): Promise<RunOutcome> {
    const interpreter = await this.#start(probe.limits);
    try {
      return await this.#run(interpreter, probe, code);
    } finally {
      await interpreter.close();
    }
  }

  async #lookAtVariables(interpreter: Interpreter): Promise<'kept' | 'gone'> {
    if (!interpreter.isAlive) return 'gone';
    const looked = await interpreter.run({ ...asked, code: `kept_${this.#decoys.token}` });
    looked.spool?.remove();
    return looked.output.includes("'kept'") ? 'kept' : 'gone';
  }

  async #shareInterpreter(): Promise<Interpreter> {
    if (this.#shared?.isAlive) return this.#shared;
    await this.#shared?.close();
    return (this.#shared = await this.#start());
  }

  #start(limits: Partial<Limits> = {}): Promise<Interpreter> {
    return Interpreter.start(this.#tier, { ...probeLimits, ...limits });
  }
}

const asked = { language: 'python', kind: 'code', name: 'what the probes keep' } as const;

/** Anything but running to its end with its variables kept. */
function mayEndBadly({ outcomes = ['ok'], variables }: Probe): boolean {
  return variables !== 'kept' && (variables === 'gone' || outcomes.some((outcome) => outcome !== 'ok'));
}

/** How many of those processes are left; they get two seconds. */
async function stillThere(pids: readonly number[]): Promise<number> {
  let left = pids.filter(isRunning);
  for (let round = 0; round < 80 && left.length > 0; round++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    left = left.filter(isRunning);
  }
  return left.length;
}

/** Dead ones that nobody has asked about yet do not count: that is for who started them. Source: proc(5). */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.charAt(stat.lastIndexOf(')') + 2) !== 'Z';
  } catch {
    return false;
  }
}

function summaryOf(output: string, ended: string): string {
  const said = /^WALL:held(.*)$/m.exec(output)?.[1]?.trim();
  return said === undefined || said === '' ? ended : said;
}
