import type { BatchEvent, BatchResult, Progress } from '../batch/runner.ts';
import { formatCost } from '../journal/cost.ts';
import { formatDuration, formatNumber } from '../journal/render/sentences.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';

export interface BatchView {
  show(event: BatchEvent): void;
  /** What is the case now; done by itself every now and then. */
  draw(): void;
  finish(result: BatchResult): void;
}

const liveIntervalMs = 250;
/** Where nobody watches a line change, one line in so long is enough. */
const plainIntervalMs = 5_000;

/** Draws one line that changes on a terminal, and a line now and then elsewhere. What went wrong stays above it. */
export function createBatchView(
  stream: NodeJS.WriteStream,
  {
    progress,
    verbose,
    isPriced,
  }: {
    readonly progress: () => Progress;
    readonly verbose: boolean;
    /** False where there is somebody whose price nobody knows. */
    readonly isPriced: boolean;
  },
): BatchView {
  const isLive = stream.isTTY === true;
  const clear = isLive ? '\r\u001b[K' : '';
  let workers: number | undefined;
  const draw = (): void => {
    const now = progress();
    if (now.workers === 0 && workers !== 0) {
      stream.write(
        `${clear}No worker is there to hold meetings; start one: colloquy worker --redis … (docs/scale.md)\n`,
      );
    }
    workers = now.workers;
    const line = describeProgress(now, isPriced);
    stream.write(isLive ? `${clear}${line.slice(0, (stream.columns || 80) - 1)}` : `${line}\n`);
  };
  const say = (text: string): void => {
    stream.write(`${clear}${text}\n`);
    if (isLive) draw();
  };
  const timer = setInterval(draw, isLive ? liveIntervalMs : plainIntervalMs);
  timer.unref();
  return {
    draw,
    show(event) {
      switch (event.type) {
        case 'found':
          return sayFound(event, say);
        case 'done': {
          if (!verbose) return;
          const { turns, tokens } = event.tally;
          return say(`${event.id}: ${turns} turns, ${formatNumber(tokens)} tokens, ${event.reason}`);
        }
        case 'failed': {
          const after = event.triesLeft > 0 ? `tried again (${event.triesLeft} left)` : 'given up';
          return say(`${event.id} failed, ${after}: ${visibleLine(event.reason)}`);
        }
        case 'limit':
          return say(
            `${event.sentence}; no other meeting begins, and those that go on stop after their turn.`,
          );
      }
    },
    finish(result) {
      clearInterval(timer);
      stream.write(
        `${clear}${describeProgress({ ...result.progress, leftMs: undefined, workers: undefined }, isPriced)}\n`,
      );
    },
  };
}

function sayFound(
  { done, halfDone, elsewhere }: Extract<BatchEvent, { type: 'found' }>,
  say: (text: string) => void,
): void {
  if (done + halfDone > 0) say(`Goes on: ${done} are held already, ${halfDone} were interrupted.`);
  if (elsewhere > 0)
    say(`${elsewhere} in the folder are not in the matrix any more; they are left as they are.`);
}

/** "12 of 200 done, 4 running, 1 failed · 3 workers · 3,400 tokens · $0.0021 · 8 s, about 2 min left". */
function describeProgress(
  { total, done, running, judging, failed, workers, tokens, cost, elapsedMs, leftMs }: Progress,
  isPriced: boolean,
): string {
  const counts = [
    `${done} of ${total} done`,
    ...(running > 0 ? [`${running} running`] : []),
    ...(judging > 0 ? [`${judging} being judged`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ].join(', ');
  const hands =
    workers === undefined ? '' : ` · ${workers === 1 ? '1 worker' : `${workers || 'no'} workers`}`;
  const dollars = isPriced
    ? formatCost(cost)
    : cost === 0
      ? 'cost not known'
      : `${formatCost(cost)} and more`;
  const left =
    leftMs === undefined || done + failed === total ? '' : `, about ${formatDuration(leftMs)} left`;
  return `${counts}${hands} · ${formatNumber(tokens)} tokens · ${dollars} · ${formatDuration(elapsedMs)}${left}`;
}
