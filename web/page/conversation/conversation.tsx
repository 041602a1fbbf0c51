import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Outline } from '../../../journal/conversation.ts';
import type { Seat } from '../../../wire/types.ts';
import { address } from '../shell/router.ts';
import type { ConversationModel, Item } from './conversation-model.ts';
import { EventLine } from './event-line.tsx';
import { Result, Run } from './run.tsx';
import { LiveTurn, Turn } from './turn.tsx';
import { useSlices } from './slices.ts';
import { WaitingLine } from './waiting-line.tsx';

interface ConversationProps {
  readonly model: ConversationModel;
  /** Whether anything can still come. */
  readonly isGoingOn: boolean;
  /** The seats that the reader has taken. */
  readonly own?: readonly Seat[];
}

/** A conversation, live or long over. What is far from the screen is not laid out (`content-visibility`). */
export function Conversation({ model, isGoingOn, own = [] }: ConversationProps): JSX.Element {
  const drawn = useRef(new Drawn());
  const outline = model.outline.value;
  const items = useSlices(model.items.value, isGoingOn ? 'end' : 'beginning');
  useTarget(items.length);
  return (
    <div class="conversation">
      {items.map((item) => drawn.current.draw(item, outline))}
      {isGoingOn ? <Live model={model} own={own} /> : null}
    </div>
  );
}

/** What changes many times a second, so that the rest is not looked at. */
function Live({ model, own }: Pick<Required<ConversationProps>, 'model' | 'own'>): JSX.Element {
  const { seats } = model.outline.value;
  const live = model.live.value;
  const waiting = model.waiting.value;
  const asked = model.approvals.value.length > 0;
  return (
    <>
      {live.map(({ seat, text }) => (
        <LiveTurn key={seat} seat={seat} text={text} outline={{ seats }} />
      ))}
      {asked ? (
        <p class="waiting" aria-hidden="true">
          A block waits for somebody to say whether it may run.
        </p>
      ) : waiting && (live.length === 0 || waiting.kind !== 'thinking') ? (
        <WaitingLine waiting={waiting} seats={seats} isOwn={own.includes(waiting.seat)} />
      ) : null}
    </>
  );
}

/** Each item is drawn once: of a thousand, one more costs one. Names and languages are known before the first. */
class Drawn {
  readonly #nodes = new WeakMap<Item, JSX.Element>();

  draw(item: Item, outline: Outline): JSX.Element {
    const known = this.#nodes.get(item);
    if (known) return known;
    const node = <ItemView key={item.key} item={item} outline={outline} />;
    this.#nodes.set(item, node);
    return node;
  }
}

function ItemView({ item, outline }: { readonly item: Item; readonly outline: Outline }): JSX.Element {
  switch (item.type) {
    case 'turn':
      return <Turn item={item} outline={outline} />;
    case 'run':
      return <Run item={item} meeting={outline.meeting} />;
    case 'result':
      return <Result result={item.result} lastTurn={item.lastTurn} meeting={outline.meeting} />;
    case 'event':
      return <EventLine entry={item.entry} seats={outline.seats} />;
  }
}

/**
 * Goes to the turn that the address names, once it is there: when the page was loaded it was not, and a long meeting
 * comes in pieces. Whoever has scrolled in the meantime is left alone.
 */
function useTarget(count: number): void {
  const { fragment } = address.value;
  const found = useRef('');
  const isLeftAlone = useRef(false);
  useEffect(() => {
    const leaveAlone = (): void => void (isLeftAlone.current = true);
    for (const move of moves) window.addEventListener(move, leaveAlone, { passive: true });
    return () => {
      for (const move of moves) window.removeEventListener(move, leaveAlone);
    };
  }, []);
  useEffect(() => {
    if (count === 0 || fragment === '' || found.current === fragment) return;
    const target = document.getElementById(fragment);
    if (!target) return;
    found.current = fragment;
    for (const former of document.querySelectorAll('.turn.target')) former.classList.remove('target');
    target.classList.add('target');
    if (!isLeftAlone.current) target.scrollIntoView({ block: 'start', behavior: 'instant' });
  }, [count, fragment]);
}

const moves = ['wheel', 'touchmove', 'keydown'] as const;
