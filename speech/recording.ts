import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Engine } from './engines.ts';
import { toPlainSpeech, type ReadingStyle } from './plain-speech.ts';
import type { SpokenTurn } from './speaker.ts';
import { withScratchFolder, writeSpeech } from './utter.ts';
import { readWav, WavWriter } from './wav.ts';

/** As long as somebody takes to draw breath before they answer. */
const pauseMs = 600;

interface Recording {
  readonly engine: Engine;
  readonly turns: readonly SpokenTurn[];
  /** What is there under that name is replaced, once all is read. */
  readonly file: string;
  readonly reading: ReadingStyle;
  readonly onNotice: (message: string) => void;
}

/**
 * Reads turns into one WAV file. Rejects with the reason of `signal`, with ColloquyError `speech-failed` or
 * `bad-wav`, which name the turn, or with `no-file` where it cannot be written; nothing is left then.
 */
export async function writeRecording(
  { engine, turns, file, reading, onNotice }: Recording,
  signal: AbortSignal,
): Promise<{ readonly seconds: number }> {
  const problems = new Set(turns.flatMap(({ voice }) => engine.problemWith(voice) ?? []));
  for (const problem of problems) onNotice(problem);
  const writer = await createWriter(file);
  try {
    await withScratchFolder(async (folder) => {
      const scratch = path.join(folder, 'turn.wav');
      for (const { turn, text: said, voice } of turns) {
        const text = toPlainSpeech(said, { ...reading, lang: voice.lang });
        if (text === '') continue;
        try {
          await writeSpeech(engine, { text, voice }, scratch, signal);
          await writer.add(await readWav(scratch), writer.seconds === 0 ? 0 : pauseMs);
        } catch (error) {
          signal.throwIfAborted();
          throw inTurn(turn, error);
        }
      }
    });
    await writer.close();
    return { seconds: writer.seconds };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

async function createWriter(file: string): Promise<WavWriter> {
  try {
    return await WavWriter.create(path.resolve(file));
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isAbsent ? 'its folder is not there' : messageOf(error);
    throw new ColloquyError(`${file} cannot be written: ${why}`, {
      code: 'no-file',
      cause: error,
    });
  }
}

function inTurn(turn: number, error: unknown): Error {
  if (!(error instanceof ColloquyError)) return error as Error;
  const { code, message } = error;
  return new ColloquyError(`turn ${turn}: ${message}`, { code, cause: error });
}
