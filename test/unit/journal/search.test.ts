import { utimesSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MeetingEvent } from '../../../journal/event.ts';
import { createQuery } from '../../../journal/search-query.ts';
import { searchMeetings, type Hit, type SearchOptions } from '../../../journal/search.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const finds = (words: string | string[], text: string, isPattern = false): boolean =>
  createQuery([words].flat(), isPattern).find(text.normalize('NFC')).length > 0;

/** Whether the sieve lets the line through in which a journal has that text. */
function passes(words: string, text: string): boolean {
  const { sieve } = createQuery([words]);
  const line = Buffer.from(JSON.stringify({ text })).toString('latin1');
  return sieve === undefined || new RegExp(sieve.source).test(line);
}

describe('a search', () => {
  it.each([
    ['RIVER', 'the river'],
    ['straße', 'Die STRAßE ist lang'],
    ['ὀδυσσεύς', 'ὈΔΥΣΣΕΎΣ'],
    ['café', 'Ein Cafe\u0301 am Platz'],
    ['cafe\u0301', 'Ein Café am Platz'],
    ['한국', '한국'.normalize('NFD')],
    ['kelvin', '300 \u212aelvin'],
    ['a\\nb', 'a\\nb'],
    ['he said "no"', 'And he said "No".'],
  ])('for %s finds %s', (words, text) => {
    expect(finds(words, text)).toBe(true);
    expect(passes(words, text)).toBe(true);
  });

  it.each([
    ['cafe', 'Café'],
    ['café', 'cafe'],
    ['a.c', 'abc'],
  ])('for %s does not find %s: accents and signs are as typed', (words, text) => {
    expect(finds(words, text)).toBe(false);
  });

  it('wants every word, in any order, and says where each is', () => {
    expect(createQuery(['two', 'one']).find('one, two, one')).toEqual([
      { start: 0, end: 3 },
      { start: 5, end: 8 },
      { start: 10, end: 13 },
    ]);
    expect(finds(['one', 'three'], 'one, two')).toBe(false);
    expect(finds(['t.o\\b'], 'one, two', true)).toBe(true);
    expect(() => createQuery(['('], true)).toThrow(/Invalid regular expression/);
  });

  it('lets no line fall through the sieve in which there is something to be found', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    const forms = fc.constantFrom('NFC', 'NFD', 'NFKC');
    fc.assert(
      fc.property(text, text, text, forms, fc.boolean(), (before, words, after, form, isUpper) => {
        const written = (before + (isUpper ? words.toUpperCase() : words) + after).normalize(form);
        fc.pre(words.trim() !== '' && finds(words, written));
        expect(passes(words, written)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

async function search(transcripts: string, words: string, options: SearchOptions = {}): Promise<Hit[]> {
  const hits: Hit[] = [];
  for await (const found of searchMeetings(transcripts, createQuery([words]), options))
    hits.push(...found.hits);
  return hits;
}

const journal = (...events: MeetingEvent[]): string => toLines(stamp([meetingEvent(), ...events]));

describe('the search through a folder', () => {
  it('looks at turns only, the latest meeting first, and passes over what is no meeting', async () => {
    const transcripts = await temporaryFolder();
    await writeMeeting(transcripts, '20261101-a', journal(turnEvent(1, 'A tree.'), turnEvent(2, 'Trees!')));
    await writeMeeting(
      transcripts,
      '20261102-b',
      journal(
        { type: 'note', seat: 'a', text: 'No tree.' },
        turnEvent(1, 'The tree'),
        turnEvent(2, '"type":"turn"'),
      ),
    );
    await writeMeeting(transcripts, '20261103-c', 'not a journal, and no tree\n');
    const hits = await search(transcripts, 'tree');
    expect(hits.map(({ meeting, turn, name }) => `${meeting} ${turn} ${name}`)).toEqual([
      '20261102-b 1 Ada',
      '20261101-a 1 Ada',
      '20261101-a 2 Bert',
    ]);
    expect(await search(path.join(transcripts, 'nowhere'), 'tree')).toEqual([]);
  });

  it('finds what a fork took over in its parent, as long as that is there', async () => {
    const transcripts = await temporaryFolder();
    const parent = { meeting: 'parent', turn: 1, names: { a: 'Ada', b: 'Bert' } };
    const fork = toLines(
      stamp([{ ...meetingEvent(), parent } as MeetingEvent, { ...turnEvent(1, 'A tree.'), inherited: true }]),
    );
    await writeMeeting(transcripts, 'fork', fork);
    expect(await search(transcripts, 'tree')).toMatchObject([{ meeting: 'fork' }]);
    await writeMeeting(transcripts, 'parent', journal(turnEvent(1, 'A tree.')));
    expect(await search(transcripts, 'tree')).toMatchObject([{ meeting: 'parent' }]);
  });

  it('keeps to a speaker and to a time', async () => {
    const transcripts = await temporaryFolder();
    const folder = await writeMeeting(transcripts, 'm', journal(turnEvent(1, 'tree'), turnEvent(2, 'tree')));
    const turns = async (options: SearchOptions): Promise<number[]> =>
      (await search(transcripts, 'tree', options)).map(({ turn }) => turn);
    expect(await turns({ speaker: 'BER' })).toEqual([2]);
    expect(await turns({ speaker: 'a' })).toEqual([1]);
    expect(await turns({ sinceMs: Date.parse('2026-11-21T01:53:10Z') })).toEqual([2]);
    // Nothing can have been said after the file was written last.
    utimesSync(path.join(folder, 'journal.jsonl'), 1, 1);
    expect(await turns({ sinceMs: 2_000 })).toEqual([]);
  });

  it('reads lines that are longer than a piece of the file', async () => {
    const transcripts = await temporaryFolder();
    const long = 'x'.repeat(5 * 1024 * 1024);
    await writeMeeting(transcripts, 'm', journal(turnEvent(1, `${long} tree`), turnEvent(2, 'a tree')));
    const hits = await search(transcripts, 'tree');
    expect(hits.map(({ turn, name }) => `${turn} ${name}`)).toEqual(['1 Ada', '2 Bert']);
  });
});
