import pc from 'picocolors';
import stringWidth from 'string-width';
import { formatNumber, formatSeconds } from '../journal/render/sentences.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';
import type { RunEvent } from '../pipelines/run-options.ts';
import { stateSigns, type StepState } from '../pipelines/run-view.ts';
import type { PipelineProgress } from './pipeline-progress.ts';

const drawIntervalMs = 100;
const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

interface Row {
  readonly step: string;
  state: StepState;
  startedAtMs: number;
  ms: number | undefined;
  tokens: number;
  characters: number;
  doing: string;
}

const paint: { readonly [state in StepState]: (text: string) => string } = {
  waiting: pc.dim,
  running: pc.cyan,
  interrupted: pc.yellow,
  done: pc.green,
  skipped: pc.dim,
  failed: pc.red,
  blocked: pc.dim,
};

/** All steps of a run on a terminal, a line each, drawn again in place while they go on. */
export function createPipelineTable(
  stream: NodeJS.WriteStream,
  steps: readonly string[],
  nowMs: () => number = Date.now,
): PipelineProgress {
  const rows = new Map<string, Row>(
    steps.map((step) => [
      step,
      { step, state: 'waiting', startedAtMs: 0, ms: undefined, tokens: 0, characters: 0, doing: '' },
    ]),
  );
  let drawn = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  const wipe = (): void => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  const draw = (most = (stream.rows ?? 24) - 2): void => {
    const lines = shownRows([...rows.values()], most).map((row) =>
      lineOf(
        row,
        widest(steps),
        stream.columns ?? 80,
        spinnerFrames[frame % spinnerFrames.length] ?? '',
        nowMs(),
      ),
    );
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    stream.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[0J`);
    drawn = lines.length;
    frame++;
  };
  const resume = (): void => {
    draw();
    timer ??= setInterval(() => draw(), drawIntervalMs);
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  resume();

  return {
    see: (event) => {
      const row = rows.get(event.step);
      if (row) change(row, event, nowMs());
    },
    suspend: () => {
      stop();
      wipe();
    },
    resume,
    end: () => {
      stop();
      for (const row of rows.values()) if (row.state === 'running') row.state = 'interrupted';
      draw(Infinity);
    },
  };
}

function change(row: Row, event: RunEvent, nowMs: number): void {
  switch (event.type) {
    case 'started':
      Object.assign(row, { state: 'running', startedAtMs: nowMs, doing: '' });
      return;
    case 'kept':
      Object.assign(row, { state: 'done', doing: 'done before' });
      return;
    case 'blocked':
      Object.assign(row, { state: 'blocked', doing: 'what it needs is missing' });
      return;
    case 'skipped':
      Object.assign(row, { state: 'skipped', doing: event.why });
      return;
    case 'text':
      row.characters += event.text.length;
      row.doing = (row.characters === event.text.length ? event.text : row.doing + event.text).slice(-200);
      return;
    case 'restart':
      Object.assign(row, { characters: 0, doing: 'writes that anew' });
      return;
    case 'status':
      Object.assign(row, { characters: 0, doing: event.text });
      return;
    case 'exchange': {
      const { input, output } = event.exchange.usage ?? { input: 0, output: 0 };
      row.tokens += input + output;
      row.characters = 0;
      return;
    }
    case 'done':
      Object.assign(row, {
        state: 'done',
        ms: event.ms,
        doing: event.fromCache ? 'as in an earlier run' : '',
      });
      return;
    case 'failed':
      Object.assign(row, { state: 'failed', ms: nowMs - row.startedAtMs, doing: event.error });
  }
}

/** Where the terminal is too low, those that are at work, and whatever else has room, in their order. */
function shownRows(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows;
  const urgency = ({ state }: Row): number =>
    state === 'running' ? 0 : state === 'failed' ? 1 : state === 'waiting' ? 2 : 3;
  const chosen = new Set(
    rows.toSorted((one, other) => urgency(one) - urgency(other)).slice(0, Math.max(1, most)),
  );
  return rows.filter((row) => chosen.has(row));
}

function lineOf(row: Row, nameWidth: number, columns: number, spinner: string, nowMs: number): string {
  const { state, step } = row;
  const isBusy = state === 'running';
  const ms = isBusy ? nowMs - row.startedAtMs : row.ms;
  const time = ms === undefined ? '' : formatSeconds(ms);
  const tokens =
    row.tokens > 0
      ? `${formatNumber(row.tokens)} tokens`
      : row.characters > 0
        ? `${formatNumber(row.characters)} characters`
        : '';
  const facts = `${time.padStart(7)}  ${tokens.padStart(17)}`;
  const room = columns - nameWidth - facts.length - 7;
  const words = visibleLine(row.doing).trim();
  const doing = room < 4 ? '' : row.characters > 0 ? tailOf(words, room) : headOf(words, room);
  const sign = isBusy ? spinner : stateSigns[state];
  const name = paint[state](`${sign} ${step}`) + ' '.repeat(Math.max(0, nameWidth - step.length));
  const line = `${name} ${facts}`;
  return doing === '' ? line.trimEnd() : `${line}  ${pc.dim(doing)}`;
}

function widest(steps: readonly string[]): number {
  return Math.min(32, Math.max(...steps.map((step) => step.length)));
}

function headOf(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let head = text.slice(0, columns);
  while (stringWidth(head) > columns - 1) head = head.slice(0, -1);
  return `${head}…`;
}

/** What is being written is read at its end. */
function tailOf(text: string, columns: number): string {
  let tail = text.slice(-columns);
  while (stringWidth(tail) > columns - 1) tail = tail.slice(1);
  return tail.length < text.length ? `…${tail}` : tail;
}
