import * as z from 'zod';
import type { RunStep } from '../archive-api.ts';
import { readInside } from './archive-files.ts';
import { shownOutput, type ReadRun, type RunLife } from './archive-run-steps.ts';

/** Of `events.jsonl`, what the page is about; the rest is passed over. */
const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('phase'), phase: z.string(), attempt: z.int().optional() }),
  z.object({ type: z.literal('planned'), plan: z.string() }),
  z.object({ type: z.literal('dependencies'), packages: z.array(z.string()) }),
  z.object({
    type: z.literal('installation'),
    outcome: z.enum(['installed', 'failed', 'unavailable']),
    why: z.string().optional(),
    packages: z.array(z.object({ name: z.string(), version: z.string() })).optional(),
  }),
  z.object({
    type: z.literal('sample'),
    attempt: z.int(),
    sample: z.int(),
    temperature: z.number().optional(),
    score: z.number().optional(),
    problem: z.string().optional(),
    file: z.string().optional(),
  }),
  z.object({
    type: z.literal('ran'),
    attempt: z.int(),
    sample: z.int(),
    trial: z.object({ passed: z.boolean(), summary: z.string(), output: z.string(), ms: z.number() }),
  }),
  z.object({
    type: z.literal('answered'),
    role: z.string(),
    service: z.string(),
    model: z.string(),
    usage: z.object({ input: z.number(), output: z.number() }).optional(),
    ms: z.number(),
  }),
  z.object({ type: z.literal('finished') }),
]);
type CodingEvent = z.infer<typeof eventSchema>;

const longestBytes = 64 * 1024 * 1024;

/** What the coder did, phase by phase: the plan, the packages, then each attempt. */
export async function readCodingSteps(
  folder: string,
  { isRunning }: Pick<RunLife, 'isRunning'>,
): Promise<ReadRun> {
  const text = (await readInside(folder, 'events.jsonl', longestBytes)) ?? '';
  const builder = new StepsBuilder();
  for (const line of text.split('\n')) {
    const event = parseLine(line);
    if (event) builder.add(event);
  }
  const steps = builder.finish(isRunning);
  const graph = steps.map(({ name, module }, at) => ({
    name,
    module,
    needs: at === 0 ? [] : [steps[at - 1]?.name ?? ''],
  }));
  return { steps, graph };
}

type Draft = { -readonly [key in keyof RunStep]: RunStep[key] };

class StepsBuilder {
  readonly #steps = new Map<string, Draft>();
  #current: Draft | undefined;

  add(event: CodingEvent): void {
    switch (event.type) {
      case 'phase':
        this.#current = this.#stepOf(nameOf(event.phase, event.attempt), event.phase);
        if (this.#current.state === 'waiting') this.#current.state = 'running';
        return;
      case 'planned':
        this.#end('plan', 'planner', event.plan);
        return;
      case 'dependencies': {
        const list = event.packages.map((name) => `- ${name}`).join('\n');
        this.#end('dependencies', 'dependency tracker', list || 'No packages are needed.');
        return;
      }
      case 'installation': {
        const list = (event.packages ?? []).map(({ name, version }) => `- ${name} ${version}`).join('\n');
        const step = this.#end('install', 'sandbox', list);
        step.attempts = (step.attempts ?? 0) + 1;
        if (event.outcome === 'installed') delete step.error;
        else [step.state, step.error] = ['failed', event.why ?? event.outcome];
        return;
      }
      case 'sample': {
        const step = this.#stepOf(nameOf('code', event.attempt), 'coder');
        const score = event.score === undefined ? '' : `, score ${event.score.toFixed(1)} of 10`;
        const warmth = event.temperature === undefined ? '' : ` at temperature ${event.temperature}`;
        const problem = event.problem === undefined ? '' : `: ${event.problem}`;
        this.#append(step, `- Sample ${event.sample}${warmth}${score}${problem}`);
        return;
      }
      case 'ran': {
        const { passed, summary, output, ms } = event.trial;
        const step = this.#stepOf(nameOf('code', event.attempt), 'coder');
        const fence = fenceFor(output);
        const shown = output.trim() === '' ? '' : `\n\n${fence}text\n${output.trimEnd()}\n${fence}`;
        this.#append(step, `\n**Sample ${event.sample} was run: ${summary}**${shown}\n`);
        step.ms = (step.ms ?? 0) + ms;
        step.state = passed ? 'done' : 'failed';
        if (passed) delete step.error;
        else step.error = summary;
        return;
      }
      case 'answered': {
        const step = this.#current;
        if (!step) return;
        const model = event.model === '' ? event.service : `${event.service}:${event.model}`;
        if (!step.models.includes(model)) step.models.push(model);
        if (event.usage) step.tokens = (step.tokens ?? 0) + event.usage.input + event.usage.output;
        step.ms = (step.ms ?? 0) + event.ms;
        return;
      }
      case 'finished':
        for (const step of this.#steps.values()) if (step.state === 'running') step.state = 'done';
    }
  }

  finish(isRunning: boolean): RunStep[] {
    const steps = [...this.#steps.values()];
    if (!isRunning) for (const step of steps) if (step.state === 'running') step.state = 'interrupted';
    return steps;
  }

  #end(name: string, module: string, output: string): Draft {
    const step = this.#stepOf(name, module);
    step.state = 'done';
    Object.assign(step, shownOutput(output));
    return step;
  }

  #append(step: Draft, text: string): void {
    Object.assign(step, shownOutput(`${step.output ?? ''}${text}\n`));
  }

  #stepOf(name: string, module: string): Draft {
    const known = this.#steps.get(name);
    if (known) return known;
    const made: Draft = {
      name,
      module: modules[module] ?? module,
      state: 'waiting',
      isCut: false,
      models: [],
    };
    this.#steps.set(name, made);
    return made;
  }
}

const modules: Readonly<Record<string, string>> = {
  plan: 'planner',
  dependencies: 'dependency tracker',
  install: 'sandbox',
  code: 'coder',
  mend: 'coder',
  run: 'coder',
};

/** Writing, mending and running are one attempt. */
function nameOf(phase: string, attempt: number | undefined): string {
  return ['code', 'mend', 'run'].includes(phase) ? `attempt-${attempt ?? 1}` : phase;
}

/** Longer than any in the text, so that none of it ends the block. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longest + 1);
}

function parseLine(line: string): CodingEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return eventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
