import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { ControlStatus, JournalMessage, LiveMessage, StateMessage } from '../../api.ts';
import { ConversationModel } from '../conversation/conversation-model.ts';
import type { Seat } from '../../../wire/types.ts';
import { openStream } from '../shell/stream.ts';
import { ownSeats } from './own-seats.ts';

/** A meeting that is being watched. */
export interface Watched {
  readonly model: ConversationModel;
  readonly state: ReadonlySignal<StateMessage['state'] | undefined>;
  /** Absent where nobody can moderate. */
  readonly control: Signal<ControlStatus | undefined>;
  /** The seats that were taken in this tab. */
  readonly own: Signal<readonly Seat[]>;
  readonly isLost: ReadonlySignal<boolean>;
  close(): void;
}

/** Often enough to look like typing, and still going on where the tab is hidden. Milliseconds. */
const showEveryMs = 40;

export function watchMeeting(meeting: string): Watched {
  const model = new ConversationModel(meeting, {
    nowMs: () => Date.now(),
    schedule: (flush) => void setTimeout(flush, showEveryMs),
  });
  const state = signal<StateMessage['state'] | undefined>(undefined);
  const control = signal<ControlStatus | undefined>(undefined);
  const stream = openStream(`/api/meetings/${encodeURIComponent(meeting)}/events`, {
    on: {
      journal: (data) => {
        model.add(data as JournalMessage);
        closeWhenOver();
      },
      live: (data) => model.addLive(data as LiveMessage),
      state: (data) => {
        const message = data as StateMessage;
        state.value = message.state;
        control.value = message.control;
        if (message.control) model.approvals.value = message.control.approvals;
        if (message.state === 'interrupted' || message.state === 'ended') model.forgetLive();
        closeWhenOver();
      },
    },
  });
  const stopLooking = effect(() => {
    if (stream.isLost.value) model.forgetLive();
  });
  /** The stop is the last line of a journal, unless the meeting is taken up again. */
  function closeWhenOver(): void {
    if (model.hasStopped && state.value === 'ended') stream.close();
  }
  return {
    model,
    state,
    control,
    own: ownSeats(meeting),
    isLost: stream.isLost,
    close() {
      stopLooking();
      stream.close();
    },
  };
}
