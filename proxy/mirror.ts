import { describeFlag } from '../journal/render/sentences.ts';
import { compactResult } from '../journal/render/results.ts';
import { translationTitle } from '../journal/render/translations.ts';
import { describeModerator, writtenByModerator } from '../journal/render/moderator-words.ts';
import { isShown } from '../journal/moderator-event.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { Seat } from '../wire/types.ts';
import type { Viewer } from './viewer.ts';

/** A line of output may be as long as a program likes. */
const widestResultCharacters = 200;

/**
 * Prints every turn of every meeting to a stream, whole, with the meeting's name as soon as there is
 * more than one. Whatever a model sent to move the cursor is made visible instead.
 */
export function createMirror(stream: { write(text: string): unknown }): Viewer {
  const names = new Map<string, { readonly [seat in Seat]: string }>();
  return (event) => {
    const meeting = names.get(event.meeting);
    const label = names.size > 1 ? `[${event.meeting}] ` : '';
    const control = event.type === 'turn' && event.control ? ` /${event.control}` : '';
    const by = event.type === 'turn' && event.by ? `, ${writtenByModerator}` : '';
    const line = (text: string): unknown => stream.write(`${label}${text}\n`);
    switch (event.type) {
      case 'paired':
        names.set(event.meeting, {
          a: visibleControls(event.seats.a.name),
          b: visibleControls(event.seats.b.name),
        });
        line(
          `— ${visibleControls(event.seats.a.name)} meets ${visibleControls(event.seats.b.name)}: ${event.meeting} —\n`,
        );
        return;
      case 'turn':
        line(`${meeting?.[event.seat]} (${event.turn}${by}): ${visibleControls(event.text)}${control}\n`);
        return;
      case 'control':
        line(`${meeting?.[event.seat]}: /${event.verb}\n`);
        return;
      case 'status':
        line(`(${meeting?.[event.seat]}: ${visibleControls(event.text)})\n`);
        return;
      case 'flag':
        line(`(${meeting?.[event.seat]}: ${visibleControls(describeFlag(event))})\n`);
        return;
      case 'moderator':
        if (isShown(event)) line(`(${describeModerator(event, (seat) => meeting?.[seat] ?? seat)})\n`);
        return;
      case 'returned':
        line(`(${meeting?.[event.seat]} is back)\n`);
        return;
      case 'problems':
        line(`${meeting?.[event.seat]} (${event.turn}), not run: ${visibleControls(event.text)}\n`);
        return;
      case 'translation': {
        const title = `${meeting?.[event.seat]} (${event.turn}), ${translationTitle(event)}`;
        line(event.failed === undefined ? `${title}:\n${visibleControls(event.text)}\n` : `${title}\n`);
        return;
      }
      case 'result': {
        const { title, lines } = compactResult(event, widestResultCharacters);
        line(`${meeting?.[event.seat]} (${event.turn}), ${[title, ...lines].join('\n  ')}\n`);
        return;
      }
      case 'stopped':
        line(
          `— ended after ${event.turns} turns: ${event.reason}${event.detail ? ` (${visibleControls(event.detail)})` : ''} —\n`,
        );
        names.delete(event.meeting);
        return;
      case 'block':
      case 'translating':
      case 'approval':
      case 'approved':
      case 'thinking':
      case 'delta':
        return;
    }
  };
}
