import pc from 'picocolors';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { ProxyFrame } from '../wire/message.ts';
import type { Seat } from '../wire/types.ts';
import { WrappingWriter } from './wrapping-writer.ts';

/** What a person on a seat sees of the meeting: the partner's words as they come. */
export interface SeatView {
  say(text: string): void;
  show(frame: ProxyFrame): void;
}

export function createSeatView(stream: NodeJS.WriteStream): SeatView {
  let partner = 'Your partner';
  let seat: Seat | undefined;
  let streamed: { text: string; readonly writer: WrappingWriter } | undefined;
  const say = (text: string): void => {
    stream.write(pc.dim(visibleControls(text)) + '\n');
  };
  const write = (text: string): void => {
    if (!streamed) stream.write(`\n${pc.bold(pc.yellow(partner))}\n`);
    streamed ??= { text: '', writer: new WrappingWriter(stream) };
    streamed.text += text;
    streamed.writer.write(visibleControls(text));
  };
  const endTurn = (): void => {
    streamed?.writer.end();
    streamed = undefined;
    stream.write('\n');
  };

  return {
    say,
    show(frame) {
      switch (frame.type) {
        case 'welcome':
          partner = visibleControls(frame.partner);
          seat = frame.seat;
          return say(
            `You talk with ${partner}, in seat ${frame.seat} of ${frame.meeting}. /bye takes leave.`,
          );
        case 'start':
          return say('It is yours to begin.');
        case 'delta':
          if (frame.text !== '') return write(frame.text);
          if (streamed) endTurn();
          return;
        case 'text':
          // What was streamed may differ from what was said in the end.
          if (streamed && streamed.text.trim() !== frame.text.trim()) endTurn();
          if (!streamed) write(frame.text);
          return endTurn();
        case 'note':
          return say(`[note] ${frame.text}`);
        case 'status':
          return say(`${partner}: ${frame.text}`);
        case 'bye':
          return say(`${partner} says goodbye. Your answer is the last word.`);
        case 'help':
          return say(`${partner} asks who you are and what this is about.`);
        case 'history':
          for (const entry of frame.entries) {
            if ('note' in entry) say(`[note] ${entry.note}`);
            else say(`${entry.seat === seat ? 'You' : partner}: ${entry.text}`);
          }
          return;
        case 'seq':
        case 'stop':
        case 'error':
          return;
      }
    },
  };
}
