import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { hasBrowser, useBrowser } from '../support/browser.ts';
import { run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

const verdict = (winner: 1 | 2, scores: readonly [number, number]): string =>
  JSON.stringify({
    reason: 'The other only answered.',
    turn: 1,
    quotation: 'What would you like  to talk about?',
    scores: { '1': { wit: scores[0] }, '2': { wit: scores[1] } },
    winner,
  });

const experiment = (judges: string): string => `name: judged
personas: { a: [sheldon-cooper, socrates], b: [parry] }
services: { a: ['scripted:first.yml'] }
seeds: [1, 2, 3]
settings: [{ max_messages: 4, first: a, loops: 'off' }]
${judges}`;

const twoJudges = `judges:
  - name: steady
    persona: debate-judge
    service: scripted:steady.json
    rubric: &rubric [{ name: wit, description: surprises, min: 1, max: 5 }]
  - { name: clumsy, persona: debate-judge, service: 'scripted:clumsy.json', rubric: *rubric, swap: false }
`;

/** Six meetings that begin alike, with judges that find what they were told to. */
async function workshop(): Promise<string> {
  const cwd = await temporaryFolder();
  const usage = { input: 100, output: 20 };
  const write = (file: string, texts: readonly string[]): void =>
    writeFileSync(path.join(cwd, file), JSON.stringify(texts.map((text) => ({ text, usage }))));
  writeFileSync(path.join(cwd, 'first.yml'), '- What would you like to talk about?\n- I see.\n');
  write('steady.json', [verdict(1, [5, 2])]);
  write('clumsy.json', ['I liked Speaker 1.', verdict(2, [3, 4])]);
  return cwd;
}

/** Every file of verdicts, as it is. */
function verdictsIn(cwd: string): Map<string, string> {
  const meetings = path.join(cwd, 'batches', 'judged', 'meetings');
  const files = readdirSync(meetings).flatMap((meeting) => {
    const folder = path.join(meetings, meeting, 'verdicts');
    return existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
  });
  return new Map(files.sort().map((file) => [file, readFileSync(file, 'utf8')]));
}

async function parquetIn(file: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(file);
  return parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  });
}

describe('the judges of a batch', () => {
  it('judge each meeting once, are counted, and end in a report', async () => {
    const cwd = await workshop();
    writeFileSync(path.join(cwd, 'x.yml'), experiment(twoJudges));
    const check = await run(cwd, 'batch', 'check', 'x.yml');
    expect(check.stdout).toContain('judged: 6 meetings');
    expect(check.stdout).toContain('18 verdicts');

    // Held before there was anybody to judge.
    writeFileSync(path.join(cwd, 'before.yml'), experiment('').replace('[1, 2, 3]', '[1, 2]'));
    expect((await run(cwd, 'batch', 'run', 'before.yml')).stdout).toContain('4 of 4 done · 0 tokens');
    expect(verdictsIn(cwd).size).toBe(0);

    const first = await run(cwd, 'batch', 'run', 'x.yml');
    expect(first.stdout).toContain('Verdicts: 18 given.');
    // Six meetings: twice by the one, and once by the other, who is asked twice.
    expect(first.stdout).toContain(`6 of 6 done · ${(6 * 4 * 120).toLocaleString('en-US')} tokens`);
    expect(first.code).toBe(0);
    const before = verdictsIn(cwd);
    expect(before.size).toBe(18);
    const clumsy = [...before].find(([file]) => file.endsWith('clumsy-ab.json'))?.[1] ?? '';
    expect(JSON.parse(clumsy)).toMatchObject({
      result: { winner: 'b' },
      attempts: [{ problem: 'it is no JSON object' }, {}],
    });

    const second = await run(cwd, 'batch', 'run', 'x.yml');
    expect(second.stdout).not.toContain('Verdicts');
    expect(verdictsIn(cwd)).toEqual(before);

    const [[gone, was] = ['', '']] = [...before];
    rmSync(gone);
    const alone = await run(cwd, 'batch', 'judge', 'x.yml');
    expect(alone.stdout).toBe('Verdicts: 1 given.\n1 of 1 meetings are judged.\n');
    const result = (text: string): unknown => (JSON.parse(text) as { result: unknown }).result;
    expect(result(readFileSync(gone, 'utf8'))).toEqual(result(was));
    expect((await run(cwd, 'batch', 'judge', 'x.yml')).stdout).toContain('No verdict is missing');

    // While the batch says that there is more to come.
    writeFileSync(path.join(cwd, 'x.yml'), experiment(twoJudges).replace('[1, 2, 3]', '[1, 2, 3, 4]'));
    const report = await run(cwd, 'batch', 'report', 'x.yml');
    expect(report.stdout).toBe('Report on 6 of 8 meetings: batches/judged/report/report.html\n');
    const folder = path.join(cwd, 'batches', 'judged', 'report');
    const html = readFileSync(path.join(folder, 'report.html'), 'utf8');
    expect(html).toContain('6 of 8 meetings are held, 2 not begun');
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...new Set([...html.matchAll(/ href="([^"]+)"/g)].map(([, href = '']) => href))];
    const isThere = (href: string): boolean => {
      const [file = '', anchor] = href.split('#');
      if (file === '') return ids.has(anchor);
      const target = path.join(folder, decodeURIComponent(file));
      if (!existsSync(target)) return false;
      return anchor === undefined || readFileSync(target, 'utf8').includes(`id="${anchor}"`);
    };
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((href) => !isThere(href))).toEqual([]);

    const meetings = await parquetIn(path.join(folder, 'meetings.parquet'));
    expect(meetings.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 6 }, () => 'held'),
      'open',
      'open',
    ]);
    expect(meetings[0]).toMatchObject({
      persona_a: 'sheldon-cooper',
      turns: 4,
      seed: 1n,
      verdicts: 3,
      verdict_tokens: 480n,
    });
    const verdicts = await parquetIn(path.join(folder, 'verdicts.parquet'));
    expect(verdicts).toHaveLength(18 * 2);
    expect(verdicts.filter(({ judge, winner }) => judge === 'steady' && winner === 'a')).toHaveLength(6 * 2);
    const csv = readFileSync(path.join(folder, 'verdicts.csv'), 'utf8');
    expect(csv.trimEnd().split('\r\n')).toHaveLength(1 + 18 * 2);
  });

  it('are told apart by what is wrong with them, line by line, before anything is held', async () => {
    const cwd = await workshop();
    const bad = `judges:
  - { name: steady, persona: nobody-there, service: 'scripted:steady.json', rubric: [{ name: wit, description: x }] }
  - { name: steady, persona: debate-judge, service: 'oracle', rubric: [{ name: wit, description: x, max: 9 }] }
`;
    writeFileSync(path.join(cwd, 'x.yml'), experiment(bad));
    const twice = await run(cwd, 'batch', 'check', 'x.yml');
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain('x.yml:8:5 judges has "steady" twice');
    expect(twice.stderr).toContain('x.yml:8:72 wit goes from 1 to 9 here and from 1 to 5 for steady');
    writeFileSync(
      path.join(cwd, 'x.yml'),
      experiment(
        bad.replace('- { name: steady, persona: d', '- { name: other, persona: d').replace(', max: 9', ''),
      ),
    );
    const unknown = await run(cwd, 'batch', 'run', 'x.yml');
    expect(unknown.stderr).toContain('nobody-there');
    expect(unknown.stderr).toContain('no service is called "oracle"');
    expect(existsSync(path.join(cwd, 'batches'))).toBe(false);
  });
});

describe.skipIf(!hasBrowser)('the page of a report (left out where there is no Chromium)', () => {
  const { open } = useBrowser();

  it('has no fault that axe finds, nothing wider than a telephone, and lists the meetings of a number', async () => {
    const cwd = await workshop();
    writeFileSync(path.join(cwd, 'x.yml'), experiment(twoJudges));
    await run(cwd, 'batch', 'run', 'x.yml');
    await run(cwd, 'batch', 'report', 'x.yml', '--to', 'page');
    const base = pathToFileURL(path.join(cwd, '/')).href;
    for (const width of [1_440, 390]) {
      const watched = await open(base, { viewport: { width, height: 900 } });
      const { page, wrongs } = watched;
      await watched.goto('page/report.html');
      await watched.expectAccessible();
      expect(await page.evaluate('document.documentElement.scrollWidth > window.innerWidth')).toBe(false);
      await page.locator('#personas svg a').first().click();
      const list = page.locator('.list:target');
      expect(await list.locator('a').count()).toBe(6);
      await list.locator('a').first().click();
      await page.getByText('What would you like to talk about?').first().waitFor();
      expect(wrongs).toEqual([]);
    }
  });
});
