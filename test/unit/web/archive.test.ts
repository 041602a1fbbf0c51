import { appendFile, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Archive } from '../../../web/server/archive.ts';
import { ArchiveList, toSearchHit } from '../../../web/server/archive-list.ts';
import { writeArchive } from '../../support/archive.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const never = new AbortController().signal;

async function archiveAt(): Promise<{ folder: string; list: ArchiveList; forward: () => void }> {
  const folder = await temporaryFolder();
  await writeArchive(folder);
  let nowMs = 0;
  const archive = new Archive(folder, () => nowMs);
  return {
    folder,
    list: new ArchiveList(archive, () => 'running'),
    forward: () => void (nowMs += 60_000),
  };
}

describe('the archive', () => {
  it('lists meetings with their cost, their flags, where they come from, and what still runs', async () => {
    const { list } = await archiveAt();
    const { meetings, total, all } = await list.find({}, never);
    expect([total, all]).toEqual([5, 5]);
    expect(meetings[0]).toMatchObject({ meeting: '20261121-0700-eliza-parry-1nt3', state: 'running' });
    const fork = meetings.find(({ meeting }) => meeting.endsWith('f0rk'));
    expect(fork).toMatchObject({ parent: '20261118-0900-ada-bert-k3f9', ended: 'end', turns: 6 });
    // 1120 tokens read and 52 written, at the prices of the two.
    expect(fork?.cost).toBeCloseTo((500 * 0.15 + 40 * 0.6 + 620 * 3 + 12 * 15) / 1e6, 9);
    expect(fork?.lastAt).toBe('2026-11-18T11:30:21.000Z');
  });

  it('reads a journal again once it has changed, and forgets one that is gone', async () => {
    const { folder, list, forward } = await archiveAt();
    await list.find({}, never);
    const journal = path.join(folder, '20261121-0700-eliza-parry-1nt3', 'journal.jsonl');
    const turn = {
      v: 1,
      seq: 4,
      t: '2026-11-21T07:01:00.000Z',
      type: 'turn',
      seat: 'a',
      turn: 3,
      text: 'Go on.',
    };
    await appendFile(journal, `${JSON.stringify(turn)}\n`);
    expect((await list.find({}, never)).meetings[0]?.turns).toBe(2);
    forward();
    expect((await list.find({}, never)).meetings[0]?.turns).toBe(3);
    const found = await list.find({ q: '"go on"' }, never);
    expect(found.meetings.map(({ meeting }) => meeting)).toEqual(['20261121-0700-eliza-parry-1nt3']);
  });

  it('searches what was said in any script, and says where', async () => {
    const { list } = await archiveAt();
    const [greek] = (await list.find({ q: 'ἀρετή' }, never)).meetings;
    expect(greek?.hits).toHaveLength(1);
    const [hit] = greek?.hits ?? [];
    const [start = 0, end = 0] = hit?.marks[0] ?? [];
    expect(hit?.text.slice(start, end)).toBe('ἀρετή');
    expect((await list.find({ q: 'übermut maß' }, never)).total).toBe(1);
    expect((await list.find({ q: 'übermut', ended: 'loop' }, never)).total).toBe(0);
  });

  it('finds what a search has found before also with another filter', async () => {
    const { list } = await archiveAt();
    expect((await list.find({ q: 'question', flag: 'any' }, never)).total).toBe(1);
    expect((await list.find({ q: 'question' }, never)).total).toBe(2);
    expect((await list.find({ q: 'question', flag: 'any' }, never)).total).toBe(1);
  });

  it('passes over links, whatever they lead to', async () => {
    const { folder, list } = await archiveAt();
    const elsewhere = await temporaryFolder();
    await writeArchive(elsewhere);
    await symlink(path.join(elsewhere, '20261118-0900-ada-bert-k3f9'), path.join(folder, 'linked'));
    await mkdir(path.join(folder, 'half'));
    const inside = path.join(elsewhere, '20261118-0900-ada-bert-k3f9', 'journal.jsonl');
    await symlink(inside, path.join(folder, 'half', 'journal.jsonl'));
    expect((await list.find({}, never)).total).toBe(5);
  });

  it('does not go on searching for somebody who has left', async () => {
    const { list } = await archiveAt();
    await expect(list.find({ q: 'loom' }, AbortSignal.abort())).rejects.toThrow();
  });
});

describe('a hit', () => {
  it('is shown with what stands around it, cut at no half character', () => {
    const text = `${'🦜'.repeat(60)}needle${' hay'.repeat(100)}`;
    const hit = toSearchHit({ turn: 1, seat: 'a', name: '', text, found: [{ start: 120, end: 126 }] });
    const [start, end] = hit.marks[0] ?? [0, 0];
    expect(hit.text.slice(start, end)).toBe('needle');
    expect(hit.text.startsWith('…🦜')).toBe(true);
    expect(hit.text.length).toBeLessThan(240);
  });

  it('shows control characters, and still marks the right letters', () => {
    const text = '\u001b[31m\u202eneedle';
    const hit = toSearchHit({ turn: 1, seat: 'a', name: '', text, found: [{ start: 6, end: 12 }] });
    expect(hit.text).toBe('␛[31m<U+202E>needle');
    expect(hit.text.slice(...(hit.marks[0] ?? [0, 0]))).toBe('needle');
  });
});
