import type { Seat, StopReason } from '../../wire/types.ts';
import type { AgentEvent } from './agent-process.ts';
import type { Turn } from './check.ts';
import { idOf } from './scenario.ts';

export interface LivesToCheck {
  readonly seat: Seat;
  readonly first: Seat;
  readonly turns: readonly Turn[];
  readonly stop: StopReason | undefined;
  /** One of the two was killed for good: what the other said last may have come to nothing. */
  readonly mayLose: boolean;
  readonly lives: readonly (readonly AgentEvent[])[];
}

/** Compares what an agent lived through with what the journal says. */
export function checkLives({ lives, ...journal }: LivesToCheck): string[] {
  const found = lives.flatMap((events, index) =>
    checkLife(events, journal).map((problem) => `in life ${index + 1}, ${problem}`),
  );
  const hasFinished = lives.at(-1)?.some(({ type }) => type === 'finished');
  if (!hasFinished) return found;
  const heard = new Set(lives.flat().flatMap(textsOf));
  const missed = journal.turns.filter(({ seat, text }) => seat !== journal.seat && !heard.has(text));
  return [...found, ...missed.map(({ turn }) => `turn ${turn} never came to it`)];
}

type JournalView = Omit<LivesToCheck, 'lives'>;

function checkLife(
  events: readonly AgentEvent[],
  { seat, first, turns, stop, mayLose }: JournalView,
): string[] {
  const byTheOther = new Set(turns.filter((turn) => turn.seat !== seat).map(({ text }) => text));
  const own = new Set(turns.filter((turn) => turn.seat === seat).map(({ text }) => text));
  const answered = new Set<string>();
  const hasFinished = events.some(({ type }) => type === 'finished');
  let heard = '';
  return events.flatMap((event): string[] => {
    switch (event.type) {
      case 'frame':
        return checkFrame(event, turns, byTheOther);
      case 'asked':
        heard = event.messages.at(-1)?.content ?? '';
        return checkMessages(event.messages, { seat, first, turns });
      case 'composed': {
        const isTwice = answered.has(heard);
        answered.add(heard);
        return isTwice ? [`it wrote two answers to ${idOf(heard)}`] : [];
      }
      case 'said': {
        const text = withoutBye(event.text);
        // What somebody said who was killed may have died with it, and nobody waits for an answer to the last turn.
        const isLate = text.includes(` answers ${idOf(turns.at(-1)?.text ?? '')}: `) || heard === '/bye';
        return hasFinished && !mayLose && !isLate && !own.has(text)
          ? [`${idOf(text)} was said and lost`]
          : [];
      }
      case 'finished':
        return event.reason === stop ? [] : [`it was told ${event.reason}, and the journal says ${stop}`];
      case 'failed':
        return event.code === 'no-seat' && stop ? [] : [`it failed: ${event.message} (${event.code})`];
    }
  });
}

function checkFrame(
  { frame }: Extract<AgentEvent, { type: 'frame' }>,
  turns: readonly Turn[],
  byTheOther: ReadonlySet<string>,
): string[] {
  if (frame.type === 'text' && !byTheOther.has(frame.text)) {
    return [`it heard ${idOf(frame.text)} (${frame.text.slice(0, 40)}), of which the journal knows nothing`];
  }
  if (frame.type !== 'history') return [];
  return frame.entries.flatMap((entry) => {
    if (!('turn' in entry)) return [];
    const said = turns[entry.turn - 1];
    const isSame = said?.seat === entry.seat && said.text === withoutBye(entry.text);
    return isSame ? [] : [`its history has another turn ${entry.turn}: ${entry.text.slice(0, 40)}`];
  });
}

/** What its model is asked is the conversation up to there, word for word. */
function checkMessages(
  messages: Extract<AgentEvent, { type: 'asked' }>['messages'],
  { seat, first, turns }: Pick<JournalView, 'seat' | 'first' | 'turns'>,
): string[] {
  const start = seat === first ? ['/start'] : [];
  const expected = [...start, ...turns.map(({ text }) => text)].slice(0, messages.length);
  // A goodbye may come when its text is answered already.
  const isLate = messages.at(-1)?.content === '/bye' && messages.at(-2)?.role === 'assistant';
  if (isLate) return [];
  const wrong = messages.findIndex(({ content }, index) => withoutBye(content) !== expected[index]);
  const shown = messages[wrong]?.content.slice(0, 60);
  return wrong < 0
    ? []
    : [`message ${wrong + 1} of ${messages.length} of its prompt is ${JSON.stringify(shown)}`];
}

function textsOf(event: AgentEvent): string[] {
  if (event.type !== 'frame') return [];
  if (event.frame.type === 'text') return [event.frame.text];
  if (event.frame.type !== 'history') return [];
  return event.frame.entries.flatMap((entry) => ('turn' in entry ? [withoutBye(entry.text)] : []));
}

/** A goodbye stands beside a text in one place and behind it in another. */
function withoutBye(text: string): string {
  return text.replace(/\s+\/bye$/, '');
}
