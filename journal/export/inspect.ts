import { createHash } from 'node:crypto';
import { seats, type Participant, type Seat, type StopReason, type Usage } from '../../wire/types.ts';
import type { Outline } from '../conversation.ts';
import { costOf, priceOfSeat } from '../cost.ts';
import { toJson, type ExportedMeeting, type Exporter } from './exporter.ts';
import { seatStory, type StoryItem } from './seat-story.ts';

/**
 * An evaluation log of Inspect, version 2, in JSON: each meeting is a sample, whose messages are what the model of
 * `seat` read and wrote. What stands ahead of the samples is about all of them, since Inspect reads a log's header
 * only up to there. Source: inspect_ai, log/_log.py (`EvalLog` and the order of its fields), log/_recorders/json.py,
 * model/_chat_message.py, model/_model_output.py.
 */
export function createInspectExporter(seat: Seat): Exporter {
  const survey = new Survey(seat);
  let begun = false;
  const beginning = (): string => {
    const text = begun ? '' : `${survey.head()},"samples":[`;
    begun = true;
    return text;
  };
  return {
    survey: (outline) => survey.add(outline),
    add: (meeting) => {
      const separator = begun ? ',\n' : '\n';
      return { data: `${beginning()}${separator}${toJson(sampleOf(meeting, seat))}`, records: 1 };
    },
    end: () => `${beginning()}\n]}\n`,
  };
}

type ModelUsage = ReturnType<typeof modelUsage>;

/** What is true of all meetings together. */
class Survey {
  readonly #seat: Seat;
  readonly #ids: string[] = [];
  #failed = 0;
  readonly #models = new Set<string>();
  readonly #usage = new Map<string, ModelUsage>();
  #software = '';
  #startedAt = '';
  #lastAt = '';

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  add(outline: Outline): void {
    const { meeting, startedAt = '', lastAt = '', software } = outline;
    this.#ids.push(meeting);
    if (isFailure(outline.stop)) this.#failed++;
    this.#models.add(modelOf(outline.seats[this.#seat]));
    for (const [model, usage] of Object.entries(usageOf(outline))) {
      this.#usage.set(model, addModelUsage(this.#usage.get(model), usage));
    }
    this.#software ||= software ?? '';
    if (startedAt !== '' && (this.#startedAt === '' || startedAt < this.#startedAt))
      this.#startedAt = startedAt;
    if (lastAt > this.#lastAt) this.#lastAt = lastAt;
  }

  /** The object without its last brace. */
  head(): string {
    const id = idOf(`${this.#seat}\n${this.#ids.join('\n')}`);
    const models = [...this.#models];
    const samples = this.#ids.length;
    const head = {
      version: 2,
      // The meetings have been held; how each ended is told with it.
      status: 'success',
      eval: {
        eval_id: id,
        run_id: id,
        created: this.#startedAt === '' ? '1970-01-01T00:00:00+00:00' : utc(this.#startedAt),
        task: 'colloquy',
        task_id: id,
        task_version: 0,
        task_attribs: {},
        task_args: {},
        dataset: { name: 'meetings', samples, sample_ids: this.#ids, shuffled: false },
        model: models.length === 1 ? models[0] : 'several',
        model_args: {},
        config: { epochs: 1 },
        packages: {},
        metadata: { seat: this.#seat, models, software: this.#software },
      },
      plan: {
        name: 'plan',
        steps: [{ solver: 'colloquy_meeting', params: { seat: this.#seat } }],
        config: {},
      },
      results: { total_samples: samples, completed_samples: samples - this.#failed, scores: [] },
      stats: {
        started_at: this.#startedAt === '' ? '' : utc(this.#startedAt),
        completed_at: this.#lastAt === '' ? '' : utc(this.#lastAt),
        model_usage: Object.fromEntries(this.#usage),
      },
    };
    return toJson(head).slice(0, -1);
  }
}

function sampleOf({ outline, events }: ExportedMeeting, seat: Seat): object {
  const { meeting, seats: participants, startedAt, endedAt, lastAt, stop, flags, settings } = outline;
  const model = modelOf(participants[seat]);
  const persona = participants[seat].persona?.text ?? '';
  const system = persona === '' ? [] : [{ id: idOf(`${meeting}-system`), role: 'system', content: persona }];
  const story = seatStory(events, seat);
  const price = priceOfSeat(settings, participants, seat);
  const messages = [
    ...system,
    ...story.map((item, at) => messageOf(item, `${meeting}-${seat}-${at}`, model)),
  ];
  const reply = story.findLast(({ role }) => role === 'assistant');
  const seconds =
    startedAt && lastAt ? (Date.parse(endedAt ?? lastAt) - Date.parse(startedAt)) / 1_000 : undefined;
  return {
    id: meeting,
    epoch: 1,
    input: story.find(({ role }) => role === 'user')?.text ?? '',
    target: '',
    messages,
    output: reply
      ? outputOf(reply, messages, model, reply.meta?.usage && modelUsage(reply.meta.usage, price))
      : {},
    metadata: {
      seat,
      names: { a: participants.a.name, b: participants.b.name },
      models: { a: modelOf(participants.a), b: modelOf(participants.b) },
      seeds: { a: participants.a.seed ?? null, b: participants.b.seed ?? null },
      turns: outline.turns,
      stop_reason: stop?.reason ?? 'unfinished',
      ...(stop?.detail === undefined ? {} : { stop_detail: stop.detail }),
      flags: flags.map(({ flag, seat: of, turn }) => ({ flag, seat: of, turn: turn ?? null })),
    },
    store: {},
    events: [],
    model_usage: usageOf(outline),
    ...(startedAt === undefined ? {} : { started_at: utc(startedAt) }),
    ...(endedAt === undefined ? {} : { completed_at: utc(endedAt) }),
    ...(seconds === undefined ? {} : { total_time: seconds }),
    uuid: idOf(meeting),
    ...errorOf(stop),
    attachments: {},
    ...limitOf(stop?.reason, settings),
  };
}

function messageOf({ role, text, turn, t, meta, isByPerson }: StoryItem, id: string, model: string): object {
  return {
    id: idOf(id),
    role,
    content: text,
    source: role === 'assistant' ? 'generate' : 'input',
    metadata: {
      time: t,
      turn: turn ?? null,
      ...(meta?.ms === undefined ? {} : { ms: meta.ms }),
      ...(isByPerson ? { by: 'moderator' } : {}),
    },
    ...(role === 'assistant' ? { model } : {}),
  };
}

/** The last words. */
function outputOf(
  { text, meta }: StoryItem,
  messages: readonly object[],
  model: string,
  usage: ModelUsage | undefined,
): object {
  const message = messages.findLast((each) => 'role' in each && each.role === 'assistant');
  return {
    model,
    choices: [{ message, stop_reason: stopReasonOf(meta?.finish) }],
    completion: text,
    ...(usage ? { usage } : {}),
    ...(meta?.ms === undefined ? {} : { time: meta.ms / 1_000 }),
  };
}

function stopReasonOf(finish: string | undefined): string {
  if (finish === 'stop') return 'stop';
  if (finish === 'length') return 'max_tokens';
  return finish === 'content-filter' ? 'content_filter' : 'unknown';
}

function errorOf(stop: Outline['stop']): object {
  if (!stop || !isFailure(stop)) return {};
  return { error: { message: stop.detail ?? stop.reason, traceback: '', traceback_ansi: '' } };
}

function isFailure(stop: Outline['stop']): boolean {
  return stop?.reason === 'error' || stop?.reason === 'agent-lost';
}

function limitOf(reason: StopReason | undefined, settings: Outline['settings']): object {
  if (!settings) return {};
  const { maxMessages, maxTokens = 0, maxSeconds, maxCost = 0 } = settings;
  if (reason === 'max-messages') return { limit: { type: 'message', limit: maxMessages } };
  if (reason === 'max-tokens') return { limit: { type: 'token', limit: maxTokens } };
  if (reason === 'max-seconds') return { limit: { type: 'time', limit: maxSeconds } };
  return reason === 'max-cost' ? { limit: { type: 'cost', limit: maxCost } } : {};
}

/** Inspect writes the provider ahead of the model. */
function modelOf({ provider = 'unknown', model = '' }: Participant): string {
  return model === '' || model === provider ? provider : `${provider}/${model}`;
}

/** Of both seats. */
function usageOf({ seats: participants, totals, settings }: Outline): Record<string, ModelUsage> {
  const byModel = new Map<string, ModelUsage>();
  for (const seat of seats) {
    const { usage } = totals[seat];
    if (!usage) continue;
    const model = modelOf(participants[seat]);
    const own = modelUsage(usage, priceOfSeat(settings, participants, seat));
    byModel.set(model, addModelUsage(byModel.get(model), own));
  }
  return Object.fromEntries(byModel);
}

function modelUsage(usage: Usage, price: Parameters<typeof costOf>[1] | undefined) {
  const { input, output, cached, stored = 0 } = usage;
  return {
    // What was read from the cache or put there is counted apart from the rest, as Inspect's own providers do.
    input_tokens: Math.max(0, input - cached - stored),
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_cache_write: stored,
    input_tokens_cache_read: cached,
    total_cost: price ? costOf(usage, price) : null,
  };
}

function addModelUsage(one: ModelUsage | undefined, other: ModelUsage): ModelUsage {
  if (!one) return other;
  const isPriced = one.total_cost !== null && other.total_cost !== null;
  return {
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    total_tokens: one.total_tokens + other.total_tokens,
    input_tokens_cache_write: one.input_tokens_cache_write + other.input_tokens_cache_write,
    input_tokens_cache_read: one.input_tokens_cache_read + other.input_tokens_cache_read,
    total_cost: isPriced ? (one.total_cost ?? 0) + (other.total_cost ?? 0) : null,
  };
}

/** As long as Inspect's own, and the same whenever the same is exported. */
function idOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 22);
}

/** Python before 3.11 knows no `Z`. */
function utc(iso: string): string {
  return new Date(iso).toISOString().replace('Z', '+00:00');
}
