import type { Job } from '../batch/expand.ts';
import { formatCost } from '../journal/cost.ts';
import { formatDuration, formatNumber } from '../journal/render/sentences.ts';
import { seats } from '../wire/types.ts';
import type { BatchPlan } from './batch-plan.ts';
import { estimate, messagesUntil, type ExpectedSpeakers } from './estimate.ts';
import type { SeatedJudge } from '../batch/judges/judge-bench.ts';
import { expectVerdicts } from './judge-estimate.ts';

/** As `colloquy meet --estimate` has it. */
const usualTurnTokens = 120;
/** What hosted models were seen to take: a second to begin, and fifty tokens a second. */
const firstTokenMs = 1_000;
const tokensPerSecond = 50;
/** What the process itself has to do for a meeting, most of it for the transcripts, however many go on: see docs/batch.md. */
const ownWorkMs = 80;
/** As an example, where a meeting has no limit. */
const exampleMessages = 100;

interface Sum {
  read: number;
  written: number;
  cost: number;
  durationMs: number;
  messages: number;
  verdicts: number;
  readonly requests: Map<string, number>;
  readonly unpriced: Set<string>;
}

function nothing(): Sum {
  return {
    ...{ read: 0, written: 0, cost: 0, durationMs: 0, messages: 0, verdicts: 0 },
    ...{ requests: new Map(), unpriced: new Set() },
  };
}

function add(sum: Sum, one: Sum): void {
  for (const key of ['read', 'written', 'cost', 'durationMs', 'messages', 'verdicts'] as const)
    sum[key] += one[key];
  for (const [service, count] of one.requests)
    sum.requests.set(service, (sum.requests.get(service) ?? 0) + count);
  for (const model of one.unpriced) sum.unpriced.add(model);
}

async function expectMeeting(plan: BatchPlan, job: Job, judges: readonly SeatedJudge[]): Promise<Sum> {
  const sum = nothing();
  const config = plan.proxyConfig(job);
  const speakers = { a: await plan.expectedSpeaker(job, 'a'), b: await plan.expectedSpeaker(job, 'b') };
  const first = config.first === 'random' ? job.chosenFirst : config.first;
  const messages = addMeeting(sum, speakers, config, first);
  for (const judge of judges) addVerdicts(sum, judge, messages);
  return sum;
}

/** How many meetings, and what they may take. Rejects as the plan does. */
export async function describeBatch(plan: BatchPlan, atOnce: number): Promise<string> {
  const { matrix, jobs } = plan;
  const sum = nothing();
  const judges = await plan.judges();
  const known = new Map<string, Sum>();
  for (const job of jobs) {
    // A seed changes nothing about what is expected.
    const key = JSON.stringify([job.seats, job.setting, job.chosenFirst]);
    const one = known.get(key) ?? (await expectMeeting(plan, job, judges));
    known.set(key, one);
    add(sum, one);
  }
  const paces = Object.entries(matrix.requests).flatMap(([service, { per_minute: perMinute }]) =>
    perMinute > 0 ? [((sum.requests.get(service) ?? 0) / perMinute) * 60_000] : [],
  );
  const durationMs = Math.max(
    sum.durationMs / Math.min(atOnce, jobs.length),
    jobs.length * ownWorkMs,
    ...paces,
  );
  const unknown =
    sum.unpriced.size > 0 ? ` and more: no price is known for ${[...sum.unpriced].join(', ')}` : '';
  return [
    `${matrix.name}: ${jobs.length} ${jobs.length === 1 ? 'meeting' : 'meetings'}, ${describeCells(plan)}.`,
    `Expected: about ${formatNumber(sum.messages)} messages${sum.verdicts > 0 ? ` and ${formatNumber(sum.verdicts)} verdicts` : ''}, ${formatNumber(round(sum.read))} tokens read, ${formatNumber(round(sum.written))} written, ${formatCost(sum.cost)}${unknown}.`,
    `Duration: about ${formatDuration(durationMs)} with -j ${atOnce}, if a model writes ${tokensPerSecond} tokens a second, and ${usualTurnTokens} a message.`,
    ...describeLimits(plan, sum),
    '',
  ].join('\n');
}

function addMeeting(
  sum: Sum,
  speakers: ExpectedSpeakers,
  limits: { max_messages: number; max_tokens: number; max_cost: number; max_seconds: number },
  first: 'a' | 'b',
): number {
  const assumed = { messages: limits.max_messages || exampleMessages, turnTokens: usualTurnTokens, first };
  const until = [
    assumed.messages,
    messagesUntil({ tokens: limits.max_tokens }, speakers, assumed) ?? Infinity,
    messagesUntil({ cost: limits.max_cost }, speakers, assumed) ?? Infinity,
  ];
  const messages = Math.min(...until);
  const { usage, cost } = estimate(speakers, { ...assumed, messages });
  let durationMs = 0;
  for (const seat of seats) {
    const { countsTokens, provider, model, price } = speakers[seat];
    const turns = seat === first ? Math.ceil(messages / 2) : Math.floor(messages / 2);
    const writingMs = (usage[seat].output / tokensPerSecond) * 1_000;
    if (countsTokens) durationMs += turns * firstTokenMs + writingMs;
    sum.read += usage[seat].input;
    sum.written += usage[seat].output;
    sum.cost += cost[seat] ?? 0;
    sum.requests.set(provider, (sum.requests.get(provider) ?? 0) + turns);
    if (!price) sum.unpriced.add([provider, model].filter(Boolean).join(' '));
  }
  sum.messages += messages;
  sum.durationMs += Math.min(durationMs, limits.max_seconds > 0 ? limits.max_seconds * 1_000 : Infinity);
  return messages;
}

function addVerdicts(sum: Sum, judge: SeatedJudge, messages: number): void {
  const { provider, model } = judge;
  const { verdicts, read, written, cost } = expectVerdicts(judge, { messages, turnTokens: usualTurnTokens });
  sum.verdicts += verdicts;
  sum.requests.set(provider, (sum.requests.get(provider) ?? 0) + verdicts);
  if (model !== '') sum.durationMs += verdicts * firstTokenMs + (written / tokensPerSecond) * 1_000;
  if (cost === undefined) sum.unpriced.add([provider, model].filter(Boolean).join(' '));
  // Who has no model counts no tokens.
  if (model === '') return;
  sum.read += read;
  sum.written += written;
  sum.cost += cost ?? 0;
}

/** "2 × 3 speakers × 5 seeds × 1 setting, 2 times, 4 excluded". */
function describeCells({ matrix, jobs }: BatchPlan): string {
  const { personas, services, seeds, settings, repeat } = matrix;
  const [a, b] = seats.map((seat) => personas[seat].length * (services[seat]?.length ?? 1)) as [
    number,
    number,
  ];
  const all = a * b * (seeds?.length ?? 1) * settings.length * repeat;
  return [
    `${a} × ${b} speakers`,
    ...(seeds ? [`${seeds.length} seeds`] : []),
    ...(settings.length > 1 ? [`${settings.length} settings`] : []),
    ...(repeat > 1 ? [`${repeat} repetitions`] : []),
  ]
    .join(' × ')
    .concat(all > jobs.length ? `, ${all - jobs.length} excluded` : '');
}

function describeLimits({ matrix }: BatchPlan, { read, written, cost }: Sum): string[] {
  const { tokens: mostTokens, cost: mostCost } = matrix.limits.batch;
  const isOver = (mostTokens > 0 && read + written > mostTokens) || (mostCost > 0 && cost > mostCost);
  return isOver ? ['The limit of the batch is expected to end it before all of them are held.'] : [];
}

/** Two digits: more would claim to know more. */
function round(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.round(value / unit) * unit;
}
