import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../wire/errors.ts';
import { AgentLives } from './agent-life.ts';
import { checkMeeting } from './check.ts';
import { BadNetwork } from './network.ts';
import { knowsFlag, ProxyProcess } from './proxy-process.ts';
import type { PlannedFault, Scenario } from './scenario.ts';
import { SmallDisk } from './small-disk.ts';

export interface RunReport {
  readonly scenario: Scenario;
  /** What must not be; empty when all went well. */
  readonly problems: readonly string[];
  /** How often each fault has happened. */
  readonly happened: ReadonlyMap<string, number>;
  readonly turns: number;
  readonly milliseconds: number;
  /** What the proxies said, and the folder where that was asked for. */
  readonly log: string;
  readonly folder: string;
}

export interface RunOptions {
  /** Keeps journals and logs of a run with problems. */
  readonly keep?: boolean;
  readonly limitMs?: number;
}

const diskMegabytes = 24;

/** Holds the meetings of a scenario, lets happen what it says, and looks at what is left. */
export async function holdRun(
  scenario: Scenario,
  { keep, limitMs = 90_000 }: RunOptions = {},
): Promise<RunReport> {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-faults-'));
  const run = new Run(scenario, folder, limitMs);
  const began = performance.now();
  let problems: string[];
  try {
    problems = await run.hold();
  } catch (error) {
    problems = [messageOf(error)];
  } finally {
    await run.cleanUp();
  }
  const milliseconds = performance.now() - began;
  if (!keep || problems.length === 0) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  const { happened, turns, log } = run;
  return { scenario, problems, happened, turns, milliseconds, log, folder };
}

class Run {
  readonly #scenario: Scenario;
  readonly #transcripts: string;
  readonly #limitMs: number;
  readonly #proxy: ProxyProcess;
  readonly #network: BadNetwork;
  readonly #agents: AgentLives[];
  readonly #disk: SmallDisk | undefined;
  #ports = { a: 0, b: 0 };
  readonly #due: PlannedFault[];
  readonly #happening = new Set<Promise<void>>();
  /** One thing at a time happens to the proxy. */
  #proxyIsFree: Promise<void> = Promise.resolve();
  readonly #problems: string[] = [];
  readonly happened = new Map<string, number>();
  turns = 0;

  constructor(scenario: Scenario, folder: string, limitMs: number) {
    this.#scenario = scenario;
    this.#limitMs = limitMs;
    this.#transcripts = path.join(folder, 'transcripts');
    if (scenario.faults.some(({ kind }) => kind === 'fill-disk')) {
      this.#disk = new SmallDisk(this.#transcripts, diskMegabytes);
    }
    const drains = scenario.faults.some(({ kind }) => kind === 'drain-proxy') && knowsFlag('--drain');
    const loses = scenario.meetings.some(({ leaves }) => leaves);
    this.#proxy = new ProxyProcess({
      folder,
      transcripts: this.#transcripts,
      args: [
        ...['--max-messages', String(scenario.maxMessages), '--first', scenario.first],
        ...(drains ? ['--drain'] : []),
      ],
      settings: { resume_seconds: loses ? 4 : 20, goodbye_seconds: 15 },
    });
    this.#network = new BadNetwork({
      seed: scenario.seed,
      plan: scenario.network,
      upstream: (seat) => this.#proxy.ports[seat],
      onMessage: (count) => this.#trigger(count),
    });
    const { seed, first } = scenario;
    this.#agents = scenario.meetings.flatMap((plan) =>
      (['a', 'b'] as const).map((seat) => new AgentLives({ plan, seat, folder, seed, first })),
    );
    this.#due = [...scenario.faults];
  }

  get log(): string {
    const errors = this.#agents.map(({ name, errors }) => (errors === '' ? '' : `--- ${name}\n${errors}`));
    return this.#proxy.log + errors.join('');
  }

  /** Resolves with what must not be. */
  async hold(): Promise<string[]> {
    await this.#proxy.start();
    this.#ports = await this.#network.listen();
    for (const agent of this.#agents) agent.start(this.#ports[agent.seat]);
    const late = sleep(this.#limitMs, undefined, { ref: false }).then(() => {
      throw new Error('the agents were not welcomed');
    });
    await Promise.race([Promise.all(this.#agents.map(({ welcomed }) => welcomed)), late]);
    for (const { name } of this.#scenario.meetings) this.#network.arm(name);
    for (const agent of this.#agents) agent.go();
    this.#trigger(0);

    const problems = this.#problems;
    const notOver = await this.#untilOver();
    problems.push(...notOver);
    this.#due.length = 0;
    await Promise.all(this.#happening);
    await this.#proxyIsFree;
    for (const agent of this.#agents) await agent.kill({ forGood: true });
    const ending = await this.#proxy.end('SIGTERM');
    if (ending !== 0) problems.push(`the proxy ended with ${ending}`);
    for (const plan of this.#scenario.meetings) {
      const { found, turns } = await checkMeeting({
        plan,
        maxMessages: this.#scenario.maxMessages,
        first: this.#scenario.first,
        folder: path.join(this.#transcripts, plan.name),
        agents: this.#agents.filter((agent) => agent.plan === plan),
        isOver: notOver.length === 0,
      });
      this.turns += turns;
      problems.push(...found.map((problem) => `${plan.name}: ${problem}`));
    }
    const folders = readdirSync(this.#transcripts).filter((name) => !/^m\d$/.test(name));
    if (folders.length > 0) problems.push(`meetings that nobody asked for: ${folders.join(', ')}`);
    return problems;
  }

  async cleanUp(): Promise<void> {
    this.#due.length = 0;
    for (const agent of this.#agents) await agent.kill({ forGood: true });
    await Promise.allSettled(this.#happening);
    await this.#proxy.end('SIGKILL');
    await this.#network.close();
    this.#disk?.unmount();
    for (const [what, times] of this.#network.happened) this.#count(what, times);
  }

  /** Every agent has gone home, and every journal has its end. */
  async #untilOver(): Promise<string[]> {
    const end = performance.now() + this.#limitMs;
    for (;;) {
      const going = this.#scenario.meetings
        .filter(({ name }) => !this.#hasStop(name))
        .map(({ name }) => name);
      const alive = this.#agents.filter(({ isAlive }) => isAlive).map(({ name }) => name);
      if (going.length + alive.length + this.#happening.size === 0) return [];
      if (performance.now() > end) {
        return [
          `not over after ${this.#limitMs / 1_000} s: meetings ${going.join(' ') || 'none'}, agents ${alive.join(' ') || 'none'}`,
        ];
      }
      await sleep(20);
    }
  }

  #hasStop(meeting: string): boolean {
    const file = path.join(this.#transcripts, meeting, 'journal.jsonl');
    return existsSync(file) && readFileSync(file, 'utf8').includes('"type":"stop"');
  }

  #trigger(messages: number): void {
    while (this.#due[0] && this.#due[0].afterMessages <= messages) {
      const fault = this.#due.shift() as PlannedFault;
      const happening = sleep(fault.delayMs)
        .then(() => this.#happen(fault))
        .finally(() => this.#happening.delete(happening));
      this.#happening.add(happening);
    }
  }

  async #happen(fault: PlannedFault): Promise<void> {
    this.#count(fault.kind, 1);
    switch (fault.kind) {
      case 'kill-proxy':
      case 'drain-proxy':
        return this.#alone(async () => {
          const isDrained = fault.kind === 'drain-proxy' && knowsFlag('--drain');
          const ending = await this.#proxy.end(isDrained ? 'SIGTERM' : 'SIGKILL');
          if (isDrained && ending !== 0) this.#problems.push(`told to drain, the proxy ended with ${ending}`);
          await sleep(fault.downMs);
          await this.#proxy.start();
        });
      case 'freeze-proxy':
        return this.#alone(async () => {
          this.#proxy.signal('SIGSTOP');
          await sleep(fault.ms);
          this.#proxy.signal('SIGCONT');
        });
      case 'kill-agent': {
        const agent = this.#agentOf(fault);
        if (!(await agent.kill())) return;
        await sleep(fault.downMs);
        return agent.start(this.#ports[agent.seat]);
      }
      case 'freeze-agent': {
        const agent = this.#agentOf(fault);
        agent.signal('SIGSTOP');
        await sleep(fault.ms);
        return agent.signal('SIGCONT');
      }
      case 'lose-agent':
        await this.#agentOf(fault).kill({ forGood: true });
        return;
      case 'cut-network':
        return this.#network.goDown(fault.ms, fault.reset);
      case 'fill-disk':
        this.#disk?.fill();
        await sleep(fault.ms);
        this.#disk?.makeRoom();
    }
  }

  #agentOf({ meeting, seat }: { meeting: number; seat: 'a' | 'b' }): AgentLives {
    return this.#agents[meeting * 2 + (seat === 'a' ? 0 : 1)] as AgentLives;
  }

  #alone(step: () => Promise<void>): Promise<void> {
    return (this.#proxyIsFree = this.#proxyIsFree.then(step));
  }

  #count(what: string, times: number): void {
    this.happened.set(what, (this.happened.get(what) ?? 0) + times);
  }
}
