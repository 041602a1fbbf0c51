import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Outline } from '../../../journal/conversation.ts';
import { nameOf } from '../../../journal/render/sentences.ts';
import { visibleLine } from '../../../journal/render/visible-controls.ts';
import type { Waiting } from './conversation-model.ts';
import { countDown } from './count-down.ts';

interface WaitingLineProps {
  readonly waiting: Waiting;
  readonly seats: Outline['seats'];
  /** It is the reader that is waited for. */
  readonly isOwn: boolean;
}

/** Why nothing comes: somebody thinks, is rate limited, is being translated. */
export function WaitingLine({ waiting, seats, isOwn }: WaitingLineProps): JSX.Element {
  const nowMs = useClock(waiting.kind === 'status');
  const name = nameOf(seats, waiting.seat);
  return (
    <p class={`waiting ${waiting.seat}`} aria-hidden="true">
      <span class="dots">
        <i />
        <i />
        <i />
      </span>
      {waiting.kind === 'thinking' ? <span>{isOwn ? 'It is your turn' : `${name} is thinking`}</span> : null}
      {waiting.kind === 'translating' ? <span>translating into {visibleLine(waiting.text)}</span> : null}
      {waiting.kind === 'status' ? (
        <span>
          {name}: {countDown(visibleLine(waiting.text), waiting.sinceMs, nowMs)}
        </span>
      ) : null}
    </p>
  );
}

/** The time, twice a second while it matters. Milliseconds since 1970. */
function useClock(isRunning: boolean): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => setNowMs(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isRunning]);
  return nowMs;
}
