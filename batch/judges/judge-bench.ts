import { createHash } from 'node:crypto';
import path from 'node:path';
import { setMaxListeners } from 'node:events';
import type { Price } from '../../config/prices.ts';
import { readConversation } from '../../journal/conversation.ts';
import { costOf } from '../../journal/cost.ts';
import { journalFileName } from '../../journal/journal.ts';
import type { Writer } from '../../pipelines/ask-model.ts';
import { messageOf } from '../../wire/errors.ts';
import { askVerdict } from './ask-verdict.ts';
import { briefVersion, describeTask, describeTranscript, type JudgedTurn } from './brief.ts';
import type { Criterion, Order } from './judge-wish.ts';
import { readVerdict } from './read-verdict.ts';
import {
  readVerdictFile,
  setVerdictAside,
  usageOf,
  verdictFileName,
  writeVerdictFile,
  type Slot,
  type VerdictFile,
} from './verdict-file.ts';

/** A judge with all that it needs. */
export interface SeatedJudge {
  readonly name: string;
  /** The persona's own text. */
  readonly persona: string;
  readonly rubric: readonly Criterion[];
  readonly orders: readonly Order[];
  readonly repeat: number;
  readonly provider: string;
  readonly model: string;
  /** All that shapes its answers beside these, such as a temperature. */
  readonly parameters: unknown;
  /** Undefined: nobody knows. */
  readonly price?: Price;
  /** Absent: it reads as much as there is. */
  readonly windowTokens?: number;
  /** By repetition, which is the seed. Rejects with ColloquyError. */
  readonly seat: (repetition: number) => Promise<Writer>;
}

/** How many verdicts came of one or more meetings. */
export interface VerdictCounts {
  readonly given: number;
  /** Never usable, however often it was asked. */
  readonly invalid: number;
  /** The judge could not be asked. */
  readonly failed: number;
}

export interface BenchOptions {
  readonly judges: readonly SeatedJudge[];
  /** How long a verdict that is being written may take when all is to stop. */
  readonly politeMs: number;
  /** The tokens of a text, roughly. */
  readonly countTokens: (text: string) => number;
  /** Ask again where no verdict could be used. */
  readonly again?: boolean;
  /** A verdict could not be had; one sentence. */
  readonly onProblem?: (sentence: string) => void;
}

/** The judges of a batch, who have each meeting that was held before them. */
export class JudgeBench {
  readonly #options: BenchOptions;
  /** Judges whom nothing more is asked in this run, and why. */
  readonly #givenUp = new Map<string, string>();
  #counts = { given: 0, invalid: 0, failed: 0 };

  constructor(options: BenchOptions) {
    this.#options = options;
  }

  /** Of this run. */
  get counts(): VerdictCounts {
    return this.#counts;
  }

  /** Whether a verdict is missing. Rejects with ColloquyError `journal-unreadable`. */
  async isDue(meeting: string): Promise<boolean> {
    const turns = await readTurns(meeting);
    return this.#slotsOf(turns).some(
      ({ judge, slot }) => !isThere(meeting, slot, digestOf(judge, slot, turns), this.#options),
    );
  }

  /** Of the verdicts that count for a meeting as it is, by judges and rubrics as they are. Rejects as `isDue` does. */
  async digestsOf(meeting: string): Promise<ReadonlySet<string>> {
    const turns = await readTurns(meeting);
    return new Set(this.#slotsOf(turns).map(({ judge, slot }) => digestOf(judge, slot, turns)));
  }

  /**
   * Has every judge give the verdicts that are missing. `polite`, aborted: the one that is being written may come to its
   * end. Never rejects: what goes wrong is counted and told, and is tried again by the next run.
   */
  async judge(meeting: string, polite: AbortSignal): Promise<void> {
    const { signal: atOnce, release } = later(polite, this.#options.politeMs);
    try {
      const turns = await readTurns(meeting);
      for (const { judge, slot } of this.#slotsOf(turns)) {
        if (polite.aborted) return;
        const digest = digestOf(judge, slot, turns);
        if (isThere(meeting, slot, digest, this.#options) || this.#givenUp.has(judge.name)) continue;
        await this.#ask(meeting, judge, slot, digest, turns, polite, atOnce);
      }
    } catch (error) {
      this.#count({ type: 'failed', problem: messageOf(error) }, path.basename(meeting));
    } finally {
      release();
    }
  }

  async #ask(
    meeting: string,
    judge: SeatedJudge,
    slot: Slot,
    digest: string,
    turns: readonly JudgedTurn[],
    polite: AbortSignal,
    atOnce: AbortSignal,
  ): Promise<void> {
    const { name, rubric, persona, provider, model, price, windowTokens } = judge;
    const { order } = slot;
    const before = readVerdictFile(meeting, slot);
    const goesOn = before?.digest === digest && before.result.type !== 'invalid';
    if (!goesOn) setVerdictAside(meeting, slot);
    const keep = (result: VerdictFile['result'], attempts: VerdictFile['attempts']): void => {
      const usage = usageOf(attempts);
      writeVerdictFile(meeting, {
        v: 1,
        ...slot,
        digest,
        provider,
        model,
        rubric: rubric.map(({ name, min, max }) => ({ name, min, max })),
        result,
        attempts,
        ...(usage ? { usage } : {}),
        ...(usage && price ? { cost: costOf(usage, price) } : {}),
      });
    };
    const question = {
      system: describeTask(persona, rubric),
      transcript: describeTranscript(turns, order),
      read: (reply: string) => readVerdict(reply, { rubric, order, turns }),
      attempts: goesOn ? before.attempts : [],
    };
    const attempts = [...question.attempts];
    const tokens = this.#options.countTokens(question.system + question.transcript);
    let result: VerdictFile['result'];
    if (windowTokens !== undefined && tokens > windowTokens) {
      const problem = `the transcript has about ${tokens} tokens, and ${name} reads ${windowTokens}; raise context_tokens, or name another model`;
      keep((result = { type: 'failed', problem }), attempts);
    } else {
      const writer = await judge.seat(slot.repetition);
      const answer = await askVerdict(question, writer, { polite, atOnce, keep });
      result = answer.result;
      if (answer.isHopeless && result.type === 'failed') this.#givenUp.set(name, result.problem);
    }
    this.#count(result, `${path.basename(meeting)}, ${verdictFileName(slot)}`);
  }

  #count(result: VerdictFile['result'], which: string): void {
    if (result.type === 'unfinished') return;
    const key = result.type === 'verdict' ? 'given' : result.type;
    this.#counts = { ...this.#counts, [key]: this.#counts[key] + 1 };
    if (result.type === 'verdict') return;
    const what = result.type === 'invalid' ? 'no verdict that can be used' : 'not judged';
    this.#options.onProblem?.(`${which}: ${what}: ${result.problem}`);
  }

  /** Of a meeting in which nothing was said there is nothing to quote. */
  #slotsOf(turns: readonly JudgedTurn[]): { readonly judge: SeatedJudge; readonly slot: Slot }[] {
    if (turns.length === 0) return [];
    return this.#options.judges.flatMap((judge) =>
      Array.from({ length: judge.repeat }, (_, at) => at + 1).flatMap((repetition) =>
        judge.orders.map((order) => ({ judge, slot: { judge: judge.name, order, repetition } })),
      ),
    );
  }
}

async function readTurns(meeting: string): Promise<JudgedTurn[]> {
  const { entries } = await readConversation(path.join(meeting, journalFileName));
  return entries.flatMap((entry) =>
    entry.type === 'turn' ? [{ turn: entry.turn, seat: entry.seat, text: entry.text }] : [],
  );
}

function digestOf(
  { persona, rubric, provider, model, parameters }: SeatedJudge,
  { order, repetition }: Slot,
  turns: readonly JudgedTurn[],
): string {
  const all = [briefVersion, persona, rubric, provider, model, parameters, order, repetition, turns];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

function isThere(meeting: string, slot: Slot, digest: string, { again }: BenchOptions): boolean {
  const found = readVerdictFile(meeting, slot);
  if (found?.digest !== digest) return false;
  return found.result.type === 'verdict' || (found.result.type === 'invalid' && !again);
}

/** Aborted so long after another one. */
function later(signal: AbortSignal, delayMs: number): { signal: AbortSignal; release: () => void } {
  const own = new AbortController();
  setMaxListeners(0, own.signal);
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => void (timer = setTimeout(() => own.abort(), delayMs));
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return {
    signal: own.signal,
    release: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', start);
    },
  };
}
