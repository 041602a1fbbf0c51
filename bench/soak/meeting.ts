import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from '../../agents/agent.ts';
import type { Provider } from '../../agents/provider.ts';
import type { Seat } from '../../wire/types.ts';
import { BadLine } from './bad-line.ts';
import { TroubledSeat, within } from './seat.ts';
import { awayMs, thinkMs, type MeetingPlan } from './trouble.ts';

/** What the two sides of a meeting say about it afterwards. */
export interface Account {
  readonly plan: MeetingPlan;
  readonly a: Witness;
  readonly b: Witness;
}

export interface Witness {
  /** Sent, in order; the last of them may not have arrived. */
  readonly said: readonly string[];
  readonly heard: readonly string[];
  readonly end: string;
}

export interface Surroundings {
  readonly ports: { readonly [seat in Seat]: number };
  readonly random: () => number;
  readonly count: (what: string) => void;
}

/** Holds one meeting to its end. */
export function holdMeeting(plan: MeetingPlan, surroundings: Surroundings): Promise<Account> {
  return plan.kind === 'agents' ? holdAgents(plan, surroundings) : holdSeats(plan, surroundings);
}

async function holdSeats(plan: MeetingPlan, { ports, random, count }: Surroundings): Promise<Account> {
  const sit = (seat: Seat, onHeard: (text: string | undefined) => void): TroubledSeat =>
    new TroubledSeat({
      ...{ port: ports[seat], name: seat.toUpperCase(), meeting: plan.id },
      ...{ fate: plan.fates[seat], random, onHeard, count },
    });
  const isFlood = plan.kind === 'flood';
  const answer = (me: TroubledSeat, seat: Seat): void => {
    void sleep(within(thinkMs, random)).then(() => {
      const isLast = seat === 'a' && me.said.length + me.heard.length >= plan.messages;
      me.say(textOf(plan, seat, me.said.length + 1, random) + (isLast ? ' /end' : ''));
    });
  };
  const a: TroubledSeat = sit('a', () => {
    if (!isFlood) answer(a, 'a');
    else if (a.said.length === 0) flood(a, plan, random);
  });
  const b: TroubledSeat = sit('b', (text) => {
    if (!isFlood) answer(b, 'b');
    else if (text === undefined) b.say(textOf(plan, 'b', 1, random));
  });
  const [aEnd, bEnd] = await Promise.all([a.over, b.over]);
  const witness = ({ said, heard }: TroubledSeat, end: string): Witness => ({ said, heard, end });
  return { plan, a: witness(a, aEnd), b: witness(b, bEnd) };
}

/** All at once, whether the other one reads or not. */
function flood(seat: TroubledSeat, plan: MeetingPlan, random: () => number): void {
  for (let number = 1; number <= plan.messages; number++) {
    seat.say(textOf(plan, 'a', number, random) + (number === plan.messages ? ' /end' : ''));
  }
}

/** No two are the same, and most are short. */
function textOf({ id }: MeetingPlan, seat: Seat, number: number, random: () => number): string {
  const length = random() < 0.02 ? 20_000 : Math.floor(random() * 400);
  return `${id} ${seat} ${number}: ${'lorem ipsum '.repeat(Math.ceil(length / 12)).trim()}`;
}

/** No watchdogs: the line is bad, not the provider. */
const patience = { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 };

/** Two of this project's own agents, at the end of lines that break. */
async function holdAgents(plan: MeetingPlan, surroundings: Surroundings): Promise<Account> {
  const { ports, random, count } = surroundings;
  const ended = new AbortController();
  const sit = async (seat: Seat): Promise<Witness> => {
    const line = new BadLine(ports[seat]);
    const port = await line.listen();
    const said: string[] = [];
    const heard: string[] = [];
    const provider: Provider = {
      name: 'scripted',
      model: 'soak',
      async *reply() {
        await sleep(within(thinkMs, random));
        const isLast = seat === 'a' && said.length + heard.length >= plan.messages;
        yield { type: 'text', text: textOf(plan, seat, said.length + 1, random) + (isLast ? ' /end' : '') };
        yield { type: 'end', finish: 'stop' };
      },
    };
    const agent = startAgent({
      proxy: { host: '127.0.0.1', port },
      greeting: { name: seat.toUpperCase(), meeting: plan.id, provider: 'scripted', model: 'soak' },
      ...{ system: '', provider, patience, signal: ended.signal },
      observer: {
        onFrame: (frame) => {
          if (frame.type === 'text') heard.push(frame.text);
          if (frame.type !== 'text' || random() >= plan.fates[seat].cut) return;
          count('cut off, with a real agent');
          setTimeout(() => line.cut(), within(awayMs, random) / 10);
        },
        onSaid: (text) => said.push(text),
      },
    });
    const end = await agent.finished.catch(
      (error: unknown) => (error as { code?: string }).code ?? String(error),
    );
    line.close();
    return { said, heard, end };
  };
  const [a, b] = await Promise.all([sit('a'), sit('b')]);
  return { plan, a, b };
}
