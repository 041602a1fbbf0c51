import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from '../../agents/agent.ts';
import type { ChatMessage, Provider } from '../../agents/provider.ts';
import { messageOf } from '../../wire/errors.ts';
import type { ProxyFrame } from '../../wire/message.ts';
import type { Seat } from '../../wire/types.ts';
import { Dice } from './dice.ts';
import { idOf, type MeetingPlan } from './scenario.ts';

/** What a process of one agent is started with, as JSON. */
export interface AgentOrder {
  readonly seed: number;
  readonly port: number;
  readonly seat: Seat;
  /** Who starts. */
  readonly first: Seat;
  readonly plan: MeetingPlan;
  /** From 1: how often this agent has been started. */
  readonly life: number;
  readonly secretFile: string;
  /** What it lived through goes there, line by line, and outlives it. */
  readonly log: string;
  /** Speaks only after a line on stdin. */
  readonly waits: boolean;
}

/** A line of the log. */
export type AgentEvent =
  | { readonly type: 'frame'; readonly frame: ProxyFrame }
  /** Its provider was asked. */
  | { readonly type: 'asked'; readonly messages: readonly ChatMessage[] }
  /** Its provider's answer to that, whole. */
  | { readonly type: 'composed'; readonly text: string }
  | { readonly type: 'said'; readonly text: string }
  | { readonly type: 'finished'; readonly reason: string }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

const [argument] = process.argv.slice(2);
if (argument !== undefined) await run(JSON.parse(argument) as AgentOrder);

async function run(order: AgentOrder): Promise<void> {
  const { seat, plan, port, secretFile } = order;
  const log = (event: AgentEvent): void => appendFileSync(order.log, JSON.stringify(event) + '\n');
  const told = order.waits ? firstLine() : Promise.resolve();
  const provider = createProvider(order, told, log);
  const resume = existsSync(secretFile)
    ? (JSON.parse(readFileSync(secretFile, 'utf8')) as { meeting: string; secret: string })
    : { meeting: plan.name };
  try {
    const { finished } = startAgent({
      proxy: { host: '127.0.0.1', port },
      greeting: {
        name: `${plan.name}-${seat}`,
        provider: provider.name,
        model: provider.model,
        features: ['note', 'history', 'numbered'],
        ...resume,
      },
      system: 'You are a part of a test.',
      provider,
      patience: { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 },
      observer: {
        onFrame(frame) {
          log({ type: 'frame', frame });
          if (frame.type !== 'welcome') return;
          if (frame.secret !== undefined) keep(secretFile, frame.meeting, frame.secret);
          process.stdout.write('welcome\n');
        },
        onSaid: (text) => log({ type: 'said', text }),
      },
      signal: new AbortController().signal,
    });
    log({ type: 'finished', reason: await finished });
    process.exit(0);
  } catch (error) {
    log({ type: 'failed', code: (error as { code?: string }).code ?? '', message: messageOf(error) });
    process.exit(1);
  }
}

function firstLine(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve) => lines.once('line', () => resolve(lines.close())));
}

/** In one step: whoever is killed in the middle of it has either nothing or all of it. */
function keep(file: string, meeting: string, secret: string): void {
  writeFileSync(`${file}.new`, JSON.stringify({ meeting, secret }));
  renameSync(`${file}.new`, file);
}

/**
 * Never says the same twice, not even to the same words: each reply has a number that no other has, and
 * names the one it answers.
 */
function createProvider(order: AgentOrder, told: Promise<void>, log: (event: AgentEvent) => void): Provider {
  const { seed, plan, seat, life } = order;
  let replies = 0;
  return {
    name: 'scripted',
    model: 'faults',
    async *reply({ messages, signal }) {
      await told;
      log({ type: 'asked', messages });
      const heard = messages.at(-1)?.content ?? '';
      const number = messages.filter(({ role }) => role === 'assistant').length + 1;
      const dice = new Dice(`${seed}/${plan.name}/${seat}/${life}/${++replies}`);
      const isBye = heard.endsWith('/bye') || turnOf(heard) + 1 === plan.byeTurn;
      const words = `${seat}${number}.${life}.${replies} answers ${idOf(heard)}: ${fill(plan.style, dice)}.`;
      const text = isBye ? `${words} /bye` : words;
      for (const piece of [text.slice(0, 20), text.slice(20)]) {
        await sleep(plan.replyMs / 2, undefined, { signal });
        yield { type: 'text', text: piece };
      }
      log({ type: 'composed', text });
      yield { type: 'end', finish: 'stop', usage: { input: 1, output: 1, cached: 0 } };
    },
  };

  /** Whose turn was heard: the two speak one after the other. */
  function turnOf(heard: string): number {
    const [, who, number] = /^([ab])(\d+)\./.exec(heard) ?? [];
    return who === undefined ? 0 : 2 * Number(number) - (who === order.first ? 1 : 0);
  }
}

function fill(style: MeetingPlan['style'], dice: Dice): string {
  const sample: readonly [string, ...string[]] = {
    plain: ['one', 'two', 'three'] as const,
    unicode: ['ü€𝒳', '👩‍👩‍👧', 'a\nb', 'C:\\new\\r', '/usr/bin', '\u2028', '"quoted"', '{}'] as const,
    long: ['0123456789'.repeat(50)] as const,
  }[style];
  const count = style === 'long' ? dice.between(1, 60) : dice.between(1, 12);
  return Array.from({ length: count }, () => dice.pick(sample)).join(' ');
}
