import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Answer, Request } from './transcript-worker.ts';
import {
  renderTranscripts,
  type TranscriptWriter,
  type TranscriptWriterOptions,
} from './transcript-writer.ts';

/** How long after the first message that is not rendered yet its meeting is looked at. */
const intervalMs = 500;
/** As long as this thread has hardly a moment left, whoever reads along waits for so long. */
const busyIntervalMs = 5_000;
/** Of the time that passes, what this thread may be at work and still leave some. */
const busyShare = 0.95;

interface Asker {
  readonly onError: (error: ColloquyError) => void;
  /** Not done: the thread is gone. */
  readonly onFinished: (isDone: boolean) => void;
}

/**
 * Writes the transcripts of all meetings in one thread, below the priority of the rest, and later where the rest
 * needs all of its time. It is started when there is something to write.
 */
export class TranscriptThread {
  readonly #program: URL;
  readonly #askers = new Map<number, Asker>();
  #lastId = 0;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #lookedAtMs = -Infinity;
  #wasBusy = false;
  #worker: Worker | undefined;
  /** How many wait for the end of a meeting's transcripts: the process must not end before. */
  #waiting = 0;

  /** `program` is `transcript-worker`, as JavaScript. */
  constructor(program = new URL('./transcript-worker.js', import.meta.url)) {
    this.#program = program;
  }

  /** As the function of this name, but for the thread in which it works. */
  readonly createTranscriptWriter = ({
    folder,
    onError = () => {},
  }: Pick<TranscriptWriterOptions, 'folder' | 'onError'>): TranscriptWriter => {
    const id = ++this.#lastId;
    let timer: NodeJS.Timeout | undefined;
    let finished: Promise<void> | undefined;
    let hasWaited = false;
    const follow = (): void => {
      if (!hasWaited && this.#isBusy) {
        hasWaited = true;
        timer = setTimeout(follow, busyIntervalMs);
        return;
      }
      timer = undefined;
      hasWaited = false;
      this.#ask({ type: 'follow', id, folder }, { onError, onFinished: () => {} });
    };
    return {
      poke: () => {
        if (finished || timer) return;
        this.#look();
        timer = setTimeout(follow, intervalMs);
      },
      finish: () => {
        clearTimeout(timer);
        return (finished ??= this.#finish(id, folder, onError));
      },
    };
  };

  get #isBusy(): boolean {
    this.#look();
    return this.#wasBusy;
  }

  /** How busy this thread was since it was looked at last, which is a while ago. */
  #look(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedAtMs < intervalMs / 2) return;
    const total = performance.eventLoopUtilization();
    this.#wasBusy = performance.eventLoopUtilization(total, this.#utilization).utilization > busyShare;
    this.#utilization = total;
    this.#lookedAtMs = nowMs;
  }

  #ask(request: Request, asker: Asker): Worker {
    this.#askers.set(request.id, asker);
    const worker = (this.#worker ??= this.#start());
    worker.postMessage(request);
    return worker;
  }

  async #finish(id: number, folder: string, onError: Asker['onError']): Promise<void> {
    this.#waiting++;
    const isDone = await new Promise<boolean>((onFinished) => {
      this.#ask({ type: 'finish', id, folder }, { onError, onFinished }).ref();
    });
    if (--this.#waiting === 0) this.#worker?.unref();
    if (!isDone) await renderTranscripts(folder).catch(onError);
  }

  #start(): Worker {
    const worker = new Worker(this.#program);
    worker.unref();
    worker.on('message', (answer: Answer) => this.#receive(answer));
    worker.once('error', (error) => this.#lose(messageOf(error)));
    return worker;
  }

  #receive(answer: Answer): void {
    const asker = this.#askers.get(answer.id);
    if (answer.type === 'error') {
      return asker?.onError(new ColloquyError(answer.message, { code: answer.code }));
    }
    this.#askers.delete(answer.id);
    asker?.onFinished(true);
  }

  /** The next one who asks starts another thread. */
  #lose(problem: string): void {
    this.#worker = undefined;
    const askers = [...this.#askers.values()];
    this.#askers.clear();
    const error = new ColloquyError(`the thread that writes the transcripts ended: ${problem}`, {
      code: 'transcript-failed',
    });
    askers[0]?.onError(error);
    for (const { onFinished } of askers) onFinished(false);
  }
}
