import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { expandMatrix, type Job } from '../../../batch/expand.ts';
import type { VerdictFile } from '../../../batch/judges/verdict-file.ts';
import { writeVerdictFile } from '../../../batch/judges/verdict-file.ts';
import { loadMatrix } from '../../../batch/matrix.ts';
import { collectBatch, type MeetingRecord } from '../../../batch/report/collect.ts';
import {
  decide,
  measureAgreement,
  measurePositionBias,
  pairUp,
  rate,
} from '../../../batch/report/decisions.ts';
import { estimateMeasure, estimateScore, groupHeld } from '../../../batch/report/measure.ts';
import { writeReport } from '../../../batch/report/write-report.ts';
import type { StopReason } from '../../../wire/types.ts';
import { hostileTexts } from '../../support/hostile.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

type Winner = 'a' | 'b' | 'tie';

interface Batch {
  readonly folder: string;
  readonly jobs: readonly Job[];
  hold(at: number, turns: number, reason?: StopReason): Promise<string>;
  judge(at: number, judge: string, winners: { ab?: Winner; ba?: Winner }, words?: string): void;
  collect(): Promise<MeetingRecord[]>;
}

async function batchOf(
  matrix = 'personas: { a: [eliza], b: [parry] }\nseeds: [1, 2, 3, 4]\n',
): Promise<Batch> {
  const folder = await temporaryFolder();
  writeFileSync(path.join(folder, 'x.yml'), `name: x\n${matrix}`);
  const jobs = expandMatrix(loadMatrix('x.yml', folder).matrix);
  mkdirSync(path.join(folder, 'meetings'));
  const idOf = (at: number): string => jobs[at]?.id ?? '';
  return {
    folder,
    jobs,
    hold: async (at, turns, reason = 'end') => {
      const speaker = (provider: string) => ({ provider, model: `${provider}-1` });
      const said = Array.from({ length: turns }, (_, index) => ({
        ...turnEvent(index + 1, 'Good evening to you.'),
        meta: { ms: 1_000 * (index + 1), usage: { input: 10, output: 5, cached: 0 } },
      }));
      const stop = { type: 'stop', reason } as const;
      const events = stamp([meetingEvent(speaker('eliza'), speaker('openai')), ...said, stop]);
      const own = await writeMeeting(path.join(folder, 'meetings'), idOf(at), toLines(events));
      writeFileSync(path.join(own, 'transcript.html'), '<p id="turn-1">');
      return own;
    },
    judge(at, judge, winners, words = 'Good evening to you.') {
      for (const [order, winner] of Object.entries(winners)) {
        const points = (seat: Winner): Record<string, number> => ({ wit: winner === seat ? 5 : 2 });
        writeVerdictFile(path.join(folder, 'meetings', idOf(at)), {
          v: 1,
          judge,
          order: order as 'ab' | 'ba',
          repetition: 1,
          digest: 'x',
          provider: 'openai',
          model: 'large',
          rubric: [{ name: 'wit', min: 1, max: 5 }],
          result: {
            type: 'verdict',
            winner,
            turn: 1,
            quotation: words,
            reason: words,
            scores: { a: points('a'), b: points('b') },
          },
          attempts: [{ startedAt: '2026-11-21T01:00:00.000Z', ms: 5, reply: words, finish: 'stop' }],
        } satisfies VerdictFile);
      }
    },
    collect: () => collectBatch(folder, jobs),
  };
}

describe('what a report says of meetings', () => {
  it('tells those that are held from the others, and measures each speaker in those alone', async () => {
    const batch = await batchOf();
    await batch.hold(0, 4);
    await batch.hold(1, 2, 'error');
    await batch.hold(2, 6);
    const meetings = await batch.collect();
    expect(meetings.map(({ status }) => status)).toEqual(['held', 'failed', 'held', 'open']);
    const [eliza, parry] = groupHeld(meetings, 'persona');
    if (!eliza || !parry) throw new Error('a group is missing');
    expect(estimateMeasure(eliza, 'persona', 'turns')).toMatchObject({ estimate: 2.5, low: 2, high: 3 });
    // Seat a writes turns 1, 3 and 5, of as many seconds.
    expect(estimateMeasure(eliza, 'persona', 'seconds')?.estimate).toBe((2 + 3) / 2);
    expect(estimateMeasure(parry, 'persona', 'tokens')).toMatchObject({
      estimate: 37.5,
      ids: eliza.meetings.map(({ id }) => id),
    });
    // The one is free, of the other nobody knows the price.
    expect(estimateMeasure(eliza, 'persona', 'cost')?.estimate).toBe(0);
    expect(estimateMeasure(parry, 'persona', 'cost')).toBeUndefined();
    expect(groupHeld(meetings, 'model').map(({ name }) => name)).toEqual([
      'eliza eliza-1',
      'openai openai-1',
    ]);
  });

  it('takes the verdicts of a judge on a meeting together, and finds who is swayed by the order', async () => {
    const batch = await batchOf();
    for (const at of [0, 1, 2, 3]) await batch.hold(at, 2);
    // Steady names the same in both orders; first always whoever is Speaker 1, but for once.
    for (const at of [0, 1, 2]) batch.judge(at, 'steady', { ab: 'a', ba: 'a' });
    batch.judge(3, 'steady', { ab: 'b', ba: 'tie' });
    for (const at of [0, 1, 2]) batch.judge(at, 'first', { ab: 'a', ba: 'b' });
    batch.judge(3, 'first', { ab: 'b', ba: 'b' });
    const meetings = await batch.collect();
    const decisions = decide(meetings);
    const of = (name: string): string[] =>
      decisions.filter(({ judge }) => judge === name).map(({ winner }) => winner);
    expect(of('steady')).toEqual(['a', 'a', 'a', 'b']);
    expect(of('first')).toEqual(['tie', 'tie', 'tie', 'b']);
    const bias = measurePositionBias(meetings, 'first');
    expect([bias.same.length, bias.first.length, bias.second.length, bias.half.length]).toEqual([1, 3, 0, 0]);
    expect(measurePositionBias(meetings, 'steady')).toMatchObject({ half: [batch.jobs[3]?.id] });
    // By hand: agreed on one of four; by chance 1/4 × 1/4 (b and b).
    const [agreement] = measureAgreement(decisions);
    expect(agreement).toMatchObject({ kind: 'Cohen', agreed: 0.25, judges: ['first', 'steady'] });
    expect(agreement?.kappa?.estimate).toBeCloseTo((1 / 4 - 1 / 16) / (1 - 1 / 16), 12);
    const pairing = pairUp(decisions, 'persona').find(({ player }) => player === 'eliza');
    expect(pairing).toMatchObject({ opponent: 'parry', wins: 3, losses: 2, ties: 3 });
    const { ratings, isDetermined } = rate(decisions, 'persona');
    expect(isDetermined).toBe(true);
    expect(ratings.map(({ player }) => player)).toEqual(['eliza', 'parry']);
    expect((ratings[0]?.rating.estimate ?? 0) + (ratings[1]?.rating.estimate ?? 0)).toBeCloseTo(2_000, 6);
    // Five of steady's scores for a and none for b: (5 + 5 + 5 + 2) / 4, first's halfway: (3.5 × 3 + 2) / 4.
    const [eliza] = groupHeld(meetings, 'persona');
    expect(eliza && estimateScore(eliza, 'persona', 'wit')?.estimate).toBeCloseTo((4.25 + 3.125) / 2, 12);
  });
});

describe('writeReport', () => {
  const reportOf = async (batch: Batch): Promise<{ html: string; target: string }> => {
    const target = path.join(batch.folder, 'report');
    const { folder, jobs } = batch;
    await writeReport({ name: 'x', jobs, folder, target, software: 'colloquy test' });
    return { html: readFileSync(path.join(target, 'report.html'), 'utf8'), target };
  };

  it('says that a batch is not whole, and does without judges, prices and meetings', async () => {
    const batch = await batchOf();
    expect((await reportOf(batch)).html).toContain(
      'This batch is not whole: 0 of 4 meetings are held, 4 not begun.',
    );
    await batch.hold(0, 2);
    const { html } = await reportOf(batch);
    expect(html).toContain('1 of 4 meetings are held');
    expect(html).toContain('not known');
    expect(html).not.toContain('id="judges"');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('leads to files and places that are there, and is the same when it is made again', async () => {
    const batch = await batchOf('personas: { a: [eliza, parry], b: [parry, eliza] }\nseeds: [1, 2]\n');
    for (const at of batch.jobs.keys()) await batch.hold(at, 2 + (at % 3));
    for (const at of batch.jobs.keys()) batch.judge(at, 'one', { ab: at % 3 === 0 ? 'a' : 'b', ba: 'a' });
    for (const at of batch.jobs.keys()) batch.judge(at, 'two', { ab: 'tie', ba: 'a' });
    const { html, target } = await reportOf(batch);
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/ href="([^"]+)"/g)].map(([, href = '']) => href);
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter((href) => href.startsWith('#') && !ids.has(href.slice(1)))).toEqual([]);
    const files = links.filter((href) => !href.startsWith('#')).map((href) => href.replace(/#.*/, ''));
    expect(files.filter((file) => !existsSync(path.join(target, decodeURIComponent(file))))).toEqual([]);
    expect(html.match(/<svg/g)?.length).toBeGreaterThan(10);
    expect((await reportOf(batch)).html).toBe(html);
    expect(readdirSync(target).sort()).toEqual([
      ...['meetings.csv', 'meetings.parquet', 'report.html', 'verdicts.csv', 'verdicts.parquet'],
    ]);
  });

  it('leaves out verdicts that are not by the judges and rubrics of today, and says so', async () => {
    const batch = await batchOf();
    const meeting = await batch.hold(0, 2);
    batch.judge(0, 'one', { ab: 'a', ba: 'a' });
    const target = path.join(batch.folder, 'report');
    const write = (...digests: string[]): Promise<unknown> =>
      writeReport({
        ...{ name: 'x', jobs: batch.jobs, folder: batch.folder, target, software: 'colloquy test' },
        digestsOf: (folder) => Promise.resolve(new Set(folder === meeting ? digests : [])),
      });
    const rows = (): number =>
      readFileSync(path.join(target, 'verdicts.csv'), 'utf8').trimEnd().split('\r\n').length - 1;
    await write('x');
    expect(rows()).toBe(2 * 2);
    await write('y');
    expect(rows()).toBe(0);
    const html = readFileSync(path.join(target, 'report.html'), 'utf8');
    expect(html).toMatch(/that is not the same any more: <a href="#list-\d+">2<\/a>/);
    expect(html).not.toContain('id="scores"');
  });

  it('is made though somebody has damaged verdicts', async () => {
    const batch = await batchOf();
    const damages = [
      ['"startedAt":"2026-11-21T01:00:00.000Z"', '"startedAt":"zzz"'],
      ['"turn":1', '"turn":1099511627776'],
      ['"scores":{"a":{"wit":5}', '"scores":{"a":{}'],
      ['{"v":1', '{"v"'],
    ] as const;
    for (const [at, [whole, damaged]] of damages.entries()) {
      const meeting = await batch.hold(at, 2);
      batch.judge(at, 'one', { ab: 'a', ba: 'b' });
      const file = path.join(meeting, 'verdicts', 'one-ab.json');
      const text = readFileSync(file, 'utf8');
      expect(text).toContain(whole);
      writeFileSync(file, text.replace(whole, damaged));
    }
    const { html, target } = await reportOf(batch);
    expect(html).toContain('All 4 meetings are held.');
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(existsSync(path.join(target, 'verdicts.parquet'))).toBe(true);
  });

  it('lets nothing that somebody wrote become a tag or a formula', async () => {
    const evil = hostileTexts.join(' ');
    const batch = await batchOf(
      `personas: { a: ['<img src=x onerror=alert(1)>'], b: [parry] }\nseeds: [1, 2]\nsettings: [{ name: '</style><script>' }]\n`,
    );
    await batch.hold(0, 2);
    batch.judge(0, 'one', { ab: 'a', ba: 'b' }, `=cmd|' /C calc'!A0 ${evil}`);
    const failures = { [batch.jobs[1]?.id ?? '']: { tries: 2, reason: evil } };
    writeFileSync(
      path.join(batch.folder, 'batch.json'),
      JSON.stringify({ speakers: {}, elapsedMs: 0, failures }),
    );
    const { html, target } = await reportOf(batch);
    const own =
      /^<(?:\/?(?:html|head|meta|title|style|body|header|p|h[1-4]|nav|ul|li|a|main|section|div|table|thead|tbody|tr|th|td|b|br|small|span|figure|figcaption|i|svg|g|path|text|tspan|line|circle|rect|details|summary|q|footer)\b|!doctype)/i;
    const tags = [...html.matchAll(/<[a-z!/][^\s>]*/gi)].map(([tag]) => tag);
    expect(tags.filter((tag) => !own.test(tag))).toEqual([]);
    expect(html).not.toMatch(/<[^>]+ on[a-z]+=/i);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).toContain('tried 2 times: &lt;script&gt;window.hit=1');
    const csv = readFileSync(path.join(target, 'verdicts.csv'), 'utf8');
    expect(csv).toContain(`"'=cmd|`);
    expect(csv).not.toMatch(/(?:^|,)"?=cmd/m);
    const bytes = readFileSync(path.join(target, 'verdicts.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(2 * 2);
    // Data is data: nothing is put ahead of it there.
    expect(rows[0]).toMatchObject({
      judge: 'one',
      order: 'ab',
      seat: 'a',
      criterion: 'wit',
      score: 5,
      winner: 'a',
    });
    expect(String(rows[0]?.['quotation'])).toMatch(/^=cmd/);
  });
});
