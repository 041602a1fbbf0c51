import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import type { MeetingEvent } from '../../journal/event.ts';
import { TranscriptThread } from '../../journal/transcript-thread.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../support/journal.ts';
import { temporaryFolder } from '../support/temporary.ts';

const program = pathToFileURL(path.join(packageRoot, 'dist/journal/transcript-worker.js'));
const events: MeetingEvent[] = [meetingEvent(), turnEvent(1, 'Hello'), turnEvent(2, 'Good evening')];
const stop = { type: 'stop', reason: 'stopped' } as const;

async function meetingIn(journal: string): Promise<{ folder: string; read: () => Promise<string> }> {
  const folder = await writeMeeting(await temporaryFolder(), 'meeting', journal);
  const read = (): Promise<string> => readFile(path.join(folder, 'transcript.md'), 'utf8').catch(() => '');
  return { folder, read };
}

test('the transcripts follow a meeting, and are whole at its end', async () => {
  const { createTranscriptWriter } = new TranscriptThread(program);
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const one = await meetingIn(toLines(stamp(events)));
  const other = await meetingIn(toLines(stamp([...events, stop])));
  const writer = createTranscriptWriter({ folder: one.folder, onError });
  writer.poke();
  await vi.waitFor(async () => expect(await one.read()).toContain('Good evening'), 15_000);
  expect(await other.read()).toBe('');
  await createTranscriptWriter({ folder: other.folder, onError }).finish();
  expect(await other.read()).toContain('stopped');
  await Promise.all([writer.finish(), writer.finish()]);
  expect(errors).toEqual([]);
});

test('they wait while the thread that relays has no time left, but not for ever', async () => {
  const { createTranscriptWriter } = new TranscriptThread(program);
  const { folder, read } = await meetingIn(toLines(stamp(events)));
  const writer = createTranscriptWriter({ folder, onError: () => {} });
  writer.poke();
  const sinceMs = performance.now();
  const isOver = { value: false };
  const work = (): void => {
    for (const untilMs = performance.now() + 20; performance.now() < untilMs;);
    if (!isOver.value) setImmediate(work);
  };
  work();
  await setTimeout(2_000);
  expect(await read()).toBe('');
  await vi.waitFor(async () => expect(await read()).toContain('Good evening'), 25_000);
  expect(performance.now() - sinceMs).toBeGreaterThan(5_000);
  isOver.value = true;
  await writer.finish();
});

test('what cannot be written is told, and holds up nothing', async () => {
  const { createTranscriptWriter } = new TranscriptThread(program);
  const folder = path.join(await temporaryFolder(), 'nowhere');
  const errors: unknown[] = [];
  await createTranscriptWriter({ folder, onError: (error) => errors.push(error) }).finish();
  expect(errors).toMatchObject([{ code: 'journal-unreadable' }]);
});

test('without the thread, the transcripts are there at the end all the same', async () => {
  const { createTranscriptWriter } = new TranscriptThread(pathToFileURL('/nowhere/worker.js'));
  const { folder, read } = await meetingIn(toLines(stamp([...events, stop])));
  const onError = vi.fn();
  await createTranscriptWriter({ folder, onError }).finish();
  expect(await read()).toContain('Good evening');
  expect(String(onError.mock.calls[0]?.[0])).toContain('the thread that writes the transcripts ended');
});
