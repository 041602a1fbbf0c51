import pc from 'picocolors';
import { addResult, type ExecutionTotals } from '../journal/conversation.ts';
import type { Flag } from '../journal/flag.ts';
import { isShown } from '../journal/moderator-event.ts';
import { describeModerator, writtenByModerator } from '../journal/render/moderator-words.ts';
import { compactResult, describeBlock, verdictOf, type Look } from '../journal/render/results.ts';
import { describeEnd, describeFinish, describeFlags } from '../journal/render/sentences.ts';
import { translationTitle } from '../journal/render/translations.ts';
import { renderUsageTable } from '../journal/render/usage-cells.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { Viewer, ViewerEvent } from '../proxy/viewer.ts';
import type { Seat } from '../wire/types.ts';
import { WrappingWriter } from './wrapping-writer.ts';

/** Where the view is drawn. */
export interface Screen {
  readonly stream: NodeJS.WriteStream;
  /** Streams words as they are written, with colours and a spinner; else whole turns, plainly. */
  readonly live: boolean;
}

const seatColor = { a: pc.cyan, b: pc.yellow } as const;
const lookColor = {
  passed: pc.green,
  done: pc.bold,
  failed: pc.red,
  refused: pc.magenta,
} as const satisfies {
  readonly [look in Look]: unknown;
};

/** A line of output may be as long as a program likes. */
const widestResultCharacters = 200;

/** Shows one meeting on a terminal as it happens, or in a file as it happened. */
export function createLiveView(screen: Screen): Viewer {
  return screen.live ? createStreamedView(screen.stream) : createPlainView(screen.stream);
}

/** Name and turn, one line, then the text: readable, and easy to grep. */
function createPlainView(stream: NodeJS.WriteStream): Viewer {
  const names: { [seat in Seat]: string } = { a: 'a', b: 'b' };
  let execution: ExecutionTotals | undefined;
  const flags: Flag[] = [];
  return (event) => {
    switch (event.type) {
      case 'paired':
        for (const seat of ['a', 'b'] as const) names[seat] = visibleControls(event.seats[seat].name);
        stream.write(`${names.a} meets ${names.b}: ${event.meeting}\n\n`);
        return;
      case 'turn':
        stream.write(
          `[${event.turn}] ${names[event.seat]}${writerOf(event)}:\n${visibleControls(event.text)}${asidesOf(event)}\n\n`,
        );
        return;
      case 'control':
        stream.write(`${names[event.seat]} says /${event.verb}\n\n`);
        return;
      case 'status':
        stream.write(`(${names[event.seat]}: ${visibleControls(event.text)})\n`);
        return;
      case 'moderator':
        if (isShown(event)) stream.write(`(${describeModerator(event, (seat) => names[seat])})\n\n`);
        return;
      case 'returned':
        stream.write(`(${names[event.seat]} is back)\n`);
        return;
      case 'problems':
        stream.write(`${problemsOf(event)}\n\n`);
        return;
      case 'translation':
        stream.write(`${[translationTitle(event), ...translatedLines(event)].join('\n')}\n\n`);
        return;
      case 'result': {
        execution = addResult(execution, event);
        const { title, lines } = compactResult(event, widestResultCharacters);
        stream.write([title, ...lines.map((line) => `  ${line}`)].join('\n') + '\n\n');
        return;
      }
      case 'stopped':
        stream.write(sentenceOf(event, execution) + '\n' + flagsOf(flags, names) + usageOf(event));
        return;
      case 'flag':
        flags.push(event);
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

function createStreamedView(stream: NodeJS.WriteStream): Viewer {
  const names: { [seat in Seat]: string } = { a: 'a', b: 'b' };
  const waiting = new Waiting(stream);
  let turns = 0;
  let execution: ExecutionTotals | undefined;
  const flags: Flag[] = [];
  let shown: { readonly seat: Seat; text: string; readonly writer: WrappingWriter } | undefined;

  const beginTurn = (seat: Seat): NonNullable<typeof shown> => {
    waiting.stop();
    stream.write(`${seatColor[seat](pc.bold(names[seat]))} ${pc.dim(`· ${turns + 1}`)}\n`);
    return { seat, text: '', writer: new WrappingWriter(stream) };
  };
  const endTurn = (): void => {
    shown?.writer.end();
    shown = undefined;
    stream.write('\n');
  };
  const write = (seat: Seat, text: string): void => {
    // Both may write at once; the one whose turn came first keeps the screen.
    if (shown && shown.seat !== seat) return;
    shown ??= beginTurn(seat);
    shown.text += text;
    shown.writer.write(visibleControls(text));
  };

  return (event: ViewerEvent) => {
    switch (event.type) {
      case 'paired': {
        const [a, b] = (['a', 'b'] as const).map((seat) => {
          const { name, provider, model } = event.seats[seat];
          names[seat] = visibleControls(name);
          const by = [provider, model].filter((part) => part && part !== names[seat].toLowerCase()).join(' ');
          return seatColor[seat](pc.bold(names[seat])) + (by ? pc.dim(` (${visibleControls(by)})`) : '');
        });
        stream.write(`\n${a} meets ${b}\n${pc.dim(event.meeting)}\n\n`);
        return;
      }
      case 'thinking':
        waiting.start(`${names[event.seat]} is thinking`);
        return;
      case 'delta':
        if (event.text !== '') return write(event.seat, event.text);
        if (shown?.seat !== event.seat) return;
        shown.writer.write(pc.dim(' […]'));
        endTurn();
        return;
      case 'turn':
        if (shown?.seat === event.seat && shown.text.trim() !== event.text.trim()) {
          // What was streamed is not what was said in the end: show that.
          if (event.text.startsWith(shown.text)) write(event.seat, event.text.slice(shown.text.length));
          else endTurn();
        }
        if (shown?.seat !== event.seat) {
          if (shown) endTurn();
          write(event.seat, event.text);
        }
        turns = event.turn;
        if (event.by) shown?.writer.write(pc.dim(writerOf(event)));
        if (asidesOf(event) !== '') shown?.writer.write(pc.dim(asidesOf(event)));
        endTurn();
        return;
      case 'control':
        waiting.stop();
        stream.write(pc.dim(`${names[event.seat]} says /${event.verb}\n\n`));
        return;
      case 'status':
        waiting.start(`${names[event.seat]}: ${visibleControls(event.text)}`);
        return;
      case 'moderator':
        if (!isShown(event)) return;
        waiting.stop();
        if (shown) endTurn();
        stream.write(`${pc.magenta(describeModerator(event, (seat) => names[seat]))}\n\n`);
        return;
      case 'returned':
        waiting.start(`${names[event.seat]} is back`);
        return;
      // The question stands on the terminal, or on the page.
      case 'approval':
      case 'approved':
        return;
      case 'translating':
        if (!shown) waiting.start(`translating into ${event.to}…`);
        return;
      case 'translation': {
        waiting.stop();
        if (shown) endTurn();
        const paint = event.failed === undefined ? pc.dim : pc.yellow;
        const writer = new WrappingWriter(stream);
        stream.write(`${paint(translationTitle(event))}\n`);
        if (event.failed === undefined) writer.write(pc.dim(visibleControls(event.text)));
        writer.end();
        stream.write('\n');
        return;
      }
      case 'block':
        if (shown) endTurn();
        waiting.start(`running ${describeBlock(event)}…`);
        return;
      case 'problems':
        waiting.stop();
        if (shown) endTurn();
        stream.write(`${pc.yellow(problemsOf(event))}\n\n`);
        return;
      case 'result': {
        waiting.stop();
        if (shown) endTurn();
        execution = addResult(execution, event);
        const columns = Math.min(stream.columns ?? 80, widestResultCharacters) - resultIndent.length - 1;
        const { title, lines } = compactResult(event, columns);
        const paint = lookColor[verdictOf(event).look];
        const below = lines.map((line) => pc.dim(resultIndent + line));
        // Further left than any words, so that none of them can pass for a verdict.
        stream.write([paint(title), ...below].join('\n') + '\n\n');
        return;
      }
      case 'stopped':
        waiting.stop();
        if (shown) endTurn();
        stream.write(
          pc.dim(sentenceOf(event, execution)) + '\n' + pc.yellow(flagsOf(flags, names)) + usageOf(event),
        );
        return;
      case 'flag':
        flags.push(event);
        return;
    }
  };
}

/**
 * The spinner, with the seconds of "… in 12 s" counted down. Drawn here, since the libraries for it take
 * Ctrl-C for themselves and end the process.
 */
class Waiting {
  readonly #stream: NodeJS.WriteStream;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  start(text: string): void {
    this.stop();
    const seconds = /\bin (\d+) s\b/.exec(text);
    const endsAtMs = Date.now() + Number(seconds?.[1] ?? 0) * 1_000;
    let frame = 0;
    const draw = (): void => {
      const left = Math.max(0, Math.ceil((endsAtMs - Date.now()) / 1_000));
      const words = seconds ? text.replace(seconds[0], `in ${left} s`) : text;
      const picture = spinnerFrames[frame++ % spinnerFrames.length] ?? '';
      this.#stream.write(`\r\u001b[2K${pc.dim(`${picture} ${fit(words, this.#stream)}`)}`);
    };
    draw();
    this.#timer = setInterval(draw, 100);
  }

  stop(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stream.write('\r\u001b[2K');
  }
}

const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** A spinner that wraps cannot be wiped away. */
function fit(text: string, stream: NodeJS.WriteStream): string {
  const room = (stream.columns ?? 80) - 4;
  return text.length <= room ? text : text.slice(0, room - 1) + '…';
}

const resultIndent = '  ';

function sentenceOf(
  event: Extract<ViewerEvent, { type: 'stopped' }>,
  execution: ExecutionTotals | undefined,
): string {
  const { turns } = event;
  return visibleControls(
    describeEnd({ stop: event, turns, torn: false, ...(execution === undefined ? {} : { execution }) }),
  );
}

/** What is doubtful about the meeting, below its end. */
function flagsOf(flags: readonly Flag[], names: { readonly [seat in Seat]: string }): string {
  const sentence = describeFlags(flags, { a: { name: names.a }, b: { name: names.b } });
  return sentence === '' ? '' : `${sentence}\n`;
}

function usageOf({ usage }: Extract<ViewerEvent, { type: 'stopped' }>): string {
  return usage ? `\n${renderUsageTable(usage)}` : '';
}

/** Who wrote it in the speaker's place. */
function writerOf({ by }: Extract<ViewerEvent, { type: 'turn' }>): string {
  return by === undefined ? '' : ` (${writtenByModerator})`;
}

/** The control word that stood beside what was said, and why that is not what was meant. */
function asidesOf({ control, meta }: Extract<ViewerEvent, { type: 'turn' }>): string {
  const finish = describeFinish(meta?.finish);
  return `${control === undefined ? '' : ` /${control}`}${finish === undefined ? '' : ` [${finish}]`}`;
}

/** Indented, so that it does not pass for a turn. */
function translatedLines({ text, failed }: Extract<ViewerEvent, { type: 'translation' }>): string[] {
  if (failed !== undefined) return [];
  return visibleControls(text)
    .split('\n')
    .map((line) => (line === '' ? '' : `${resultIndent}${line}`));
}

function problemsOf({ text }: Extract<ViewerEvent, { type: 'problems' }>): string {
  return `Not run: ${visibleControls(text).replaceAll('\n', '\n         ')}`;
}
