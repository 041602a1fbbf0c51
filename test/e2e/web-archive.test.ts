import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  hostileMeeting,
  hostileRun,
  writeArchive,
  writeHostileArchive,
  writeRuns,
} from '../support/archive.ts';
import { hasBrowser, startWeb, useBrowser, type WatchedPage } from '../support/browser.ts';
import { hostileTexts } from '../support/hostile.ts';
import { temporaryFolder } from '../support/temporary.ts';

const ada = '20261118-0900-ada-bert-k3f9';
const fork = '20261118-1130-ada-bert-f0rk';
const pipeline = '20261120-101500-engineering-ab12';

describe.skipIf(!hasBrowser)('the archive in a browser', () => {
  const browser = useBrowser();

  interface Visit {
    readonly page: Page;
    readonly base: string;
    readonly wrongs: readonly string[];
    readonly watched: WatchedPage;
    readonly folder: string;
  }

  async function visit(options: BrowserContextOptions = {}, isHostile = false): Promise<Visit> {
    const folder = await temporaryFolder();
    const [transcripts, runs] = [path.join(folder, 'transcripts'), path.join(folder, 'runs')];
    await writeArchive(transcripts);
    await writeRuns(runs);
    if (isHostile) await writeHostileArchive({ transcripts, runs }, hostileTexts);
    const { base: root } = await startWeb(transcripts, `--runs=${runs}`);
    const base = root.replace(/\/$/, '');
    const watched = await browser.open(base, { viewport: { width: 1_280, height: 900 }, ...options });
    return { page: watched.page, base, wrongs: watched.wrongs, watched, folder };
  }

  it('the archive is searched, filtered, sorted and gone back through, and its address can be sent', async () => {
    const { page, base, wrongs } = await visit();
    await page.goto(`${base}/meetings`);
    const rows = page.locator('table.archive tbody tr');
    await expect.poll(() => rows.count()).toBe(5);

    await page.getByRole('searchbox').fill('question');
    await expect.poll(() => rows.count()).toBe(2);
    expect(await page.locator('mark').first().textContent()).toBe('question');
    await page.getByText('Filter', { exact: true }).click();
    await page.getByLabel('Flags').selectOption('broke-character');
    await expect.poll(() => rows.count()).toBe(1);
    expect(new URL(page.url()).search).toBe('?q=question&flag=broke-character');

    // Another reader with the same address sees the same.
    const other = await page.context().newPage();
    await other.goto(page.url());
    await expect.poll(() => other.locator('table.archive tbody tr').count()).toBe(1);
    expect(await other.getByRole('searchbox').inputValue()).toBe('question');
    await other.close();

    await page.goBack();
    await expect.poll(() => rows.count()).toBe(2);
    await page.goBack();
    await expect.poll(() => rows.count()).toBe(5);
    expect(await page.getByRole('searchbox').inputValue()).toBe('');

    // With the keyboard: the costliest first, then the cheapest.
    await page.getByRole('button', { name: 'Cost' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => rows.first().locator('.who').getAttribute('href')).toBe(`/meetings/${ada}`);
    expect(await page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');

    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByText('Nothing fits').waitFor();
    expect(wrongs).toEqual([]);
  });

  it('the facts of a meeting: figures, charts, family, files, a link to one turn, and every format', async () => {
    const { page, base, wrongs } = await visit();
    await page.goto(`${base}/meetings/${ada}?view=facts`);
    await page.locator('.chart canvas').nth(3).waitFor();
    expect(await page.locator('.chart .canvas').first().getAttribute('aria-label')).toMatch(
      /^Time a turn took\. Ada: .* in turn \d+\. Bert: /,
    );
    expect(await page.locator('table.turns tbody tr').count()).toBe(24);
    expect(await page.locator('table.turns tbody tr').nth(5).textContent()).toContain(
      'flagged: broke-character',
    );
    expect(await page.locator('.tree').textContent()).toContain(`after turn 4: ${fork}`);

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy link: turn 12' }).click();
    await page.getByRole('button', { name: 'Copied: turn 12' }).waitFor();
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied).toBe(`${base}/meetings/${ada}#turn-12`);

    for (const [name, begins] of [
      ['HTML', '<!doctype html>'],
      ['Markdown', '# Ada and Bert'],
      ['JSON', '{'],
      ['Journal', '{"v":1,"seq":1'],
      ['Words of Bert', 'Then the **engine**'],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name, exact: true }).click(),
      ]);
      expect((await readFile(await download.path(), 'utf8')).slice(0, begins.length)).toBe(begins);
      expect(download.suggestedFilename()).toContain(ada);
    }
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'päge/a%2fb.html' }).click(),
    ]);
    expect(await readFile(await file.path(), 'utf8')).toBe('<script>alert(6)</script>');

    await page.goto(copied);
    const turn = page.locator('#turn-12');
    await turn.waitFor();
    await expect
      .poll(() => page.evaluate('document.querySelector("#turn-12").getBoundingClientRect().top'))
      .toBeLessThan(400);
    expect(wrongs).toEqual([]);
  });

  it('two meetings are chosen in the list and set side by side', async () => {
    const { page, base, wrongs } = await visit();
    await page.goto(`${base}/meetings`);
    for (const name of [ada, fork]) await page.getByRole('checkbox', { name: new RegExp(name) }).check();
    await page.getByRole('link', { name: 'Compare', exact: true }).click();
    await page.getByText('4 turns in common at the beginning').waitFor();
    await page.getByRole('button', { name: 'Turns 1 to 4: the same' }).click();
    expect(await page.locator('.beside.same').count()).toBe(4);
    expect(await page.locator('.beside.left').count()).toBe(18);
    // As the page of a meeting has it.
    const second = page.locator('.beside.same').nth(1).locator('.side.right .words');
    expect(await second.locator('strong').textContent()).toBe('engine');
    expect(await second.locator('pre .hljs-built_in').allTextContents()).toEqual(['range', 'print', 'sum']);

    await page.goto(`${base}/compare?a=${ada}&b=no-such-meeting`);
    await page.getByRole('alert').getByText('there is no meeting called "no-such-meeting"').waitFor();
    expect(wrongs).toEqual([]);
  });

  it('runs show their graph, what became of each step, and a report that can do nothing', async () => {
    const { page, base, wrongs } = await visit();
    await page.goto(`${base}/runs`);
    await page.getByRole('link', { name: 'engineering' }).click();
    await page.locator('.graph a.node').nth(4).waitFor();
    await page.locator('.graph a', { hasText: 'engineer · failed' }).click();
    expect(new URL(page.url()).hash).toBe('#step-code');
    expect(await page.locator('#step-code').textContent()).toContain('the reply names a file outside: ../x');
    await page.locator('#step-plan summary').click();
    expect(await page.locator('#step-plan .words script, #step-plan .words img').count()).toBe(0);
    await page.getByText('prompts.md', { exact: true }).first().click();
    await page.getByText('Plan it.').waitFor();
    const report = page.frameLocator('iframe.report');
    await page.locator('iframe.report').scrollIntoViewIfNeeded();
    await report.getByText('The report').waitFor();
    const response = await fetch(`${base}/api/runs/${pipeline}/report.html`);
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(wrongs.filter((wrong) => !wrong.includes('sandboxed'))).toEqual([]);
  });

  it('a report that was made to do harm does none, by itself or in its frame', async () => {
    const { page, base, folder } = await visit();
    await writeFile(path.join(folder, 'runs', pipeline, 'report.html'), hostileTexts.join('\n'));
    const harm: string[] = [];
    page.on('dialog', (dialog) => harm.push(dialog.message()));
    // What the policy stops is asked for, and fails.
    page.context().on('response', (response) => {
      if (!response.url().startsWith(base)) harm.push(response.url());
    });
    await page.goto(`${base}/runs/${pipeline}`);
    await page.locator('iframe.report').scrollIntoViewIfNeeded();
    await page.waitForLoadState('networkidle');
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(new URL(page.url()).pathname).toBe(`/runs/${pipeline}`);
    const alone = `${base}/api/runs/${pipeline}/report.html`;
    await page.goto(alone);
    await page.waitForLoadState('networkidle');
    expect(page.url()).toBe(alone);
    expect(harm).toEqual([]);
  });

  it('what ill-meaning speakers wrote is text, on every page, and nothing of it runs', async () => {
    const { page, base, wrongs } = await visit({}, true);
    for (const [address, sign] of [
      ['/meetings?limit=200&sort=name', `.who >> text=/onerror/`],
      ['/meetings?q=hit', 'mark'],
      [`/meetings?persona=${encodeURIComponent(hostileTexts[0] ?? '')}`, '.who'],
      [`/meetings/${hostileMeeting}?view=facts`, 'table.turns'],
      [`/meetings/${hostileMeeting}`, '#turn-1'],
      [`/compare?a=${hostileMeeting}&b=${ada}`, '.beside'],
      ['/runs', '.card.run'],
      [`/runs/${hostileRun}`, '.step'],
      [`/runs/${encodeURIComponent(hostileTexts[0] ?? '')}`, '.problem'],
    ] as const) {
      await page.goto(base + address);
      await page.locator(sign).first().waitFor();
      for (const summary of await page.locator('main summary').all()) await summary.click();
      await page.waitForLoadState('networkidle');
      const risky =
        'script, iframe:not(.report), object, embed, form:not([class]), [onerror], [onload], a[href^="javascript:"], a[href^="data:"]';
      expect(await page.locator('main').locator(risky).count(), address).toBe(0);
      expect(await page.evaluate('window.hit'), address).toBeUndefined();
    }
    expect(wrongs).toEqual([]);
  });

  it.each([1_440, 390])(
    'axe finds no fault at %d pixels in either scheme, and nothing is wider',
    async (width) => {
      const { page, base, watched } = await visit({ viewport: { width, height: 900 } });
      for (const [address, sign] of [
        ['/meetings?q=question&ended=end', 'mark'],
        [`/meetings/${ada}?view=facts`, '.chart canvas'],
        ['/meetings/20261120-0800-hostile-eve-x55x?view=facts', 'table.turns'],
        [`/compare?a=${ada}&b=${fork}`, '.beside.changed'],
        ['/runs', '.card.run'],
        [`/runs/${pipeline}`, '.graph'],
      ] as const) {
        await page.goto(base + address);
        await page.locator(sign).first().waitFor();
        await watched.expectAccessible();
        const isTooWide = await page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
        expect({ address, isTooWide }).toEqual({ address, isTooWide: false });
      }
    },
    60_000,
  );

  it('nothing is served from outside of the folders, however it is asked for', async () => {
    const { base } = await visit();
    const statusOf = async (address: string): Promise<number> => (await fetch(base + address)).status;
    for (const name of [
      '..%2fjournal.jsonl',
      '%2e%2e%2fjournal.jsonl',
      '%00',
      '..%5cjournal.jsonl',
      '%ff',
      '%',
    ]) {
      expect(await statusOf(`/api/meetings/${ada}/files/${name}`), name).toBe(404);
      expect(await statusOf(`/api/runs/${pipeline}/files/${name}`), name).toBe(404);
    }
    for (const id of ['..', '%2e%2e', '..%2ftranscripts', '%2Fetc', '.cache']) {
      expect(await statusOf(`/api/meetings/${id}/series`), id).toBe(404);
      expect(await statusOf(`/api/runs/${id}`), id).toBe(404);
      expect(await statusOf(`/api/compare?a=${id}&b=${ada}`), id).toBe(404);
    }
    expect(await statusOf(`/api/meetings/${ada}/transcript.exe`)).toBe(404);
    expect(await statusOf('/api/meetings?limit=100000')).toBe(400);
    expect(await statusOf('/api/meetings?from=yesterday')).toBe(400);
    const head = await fetch(`${base}/api/meetings/${ada}/transcript.html`, { method: 'HEAD' });
    expect(head.headers.get('content-disposition')).toMatch(/^attachment; filename="/);
  });
});
