import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import type { MeetingEvent } from '../../journal/event.ts';
import { readControlFile } from '../../proxy/control-file.ts';
import { hasBrowser, startWeb, useBrowser, type WatchedPage } from '../support/browser.ts';
import { hostileTexts } from '../support/hostile.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../support/journal.ts';
import { colloquy } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { findTiers } from '../support/tiers.ts';

const hasSandbox = (await findTiers(['bubblewrap'])).present.length > 0;
const needsBrowser = describe.skipIf(!hasBrowser);
const patience = { timeout: 60_000 };
const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];

describe('the page as it is built', () => {
  it('weighs less than 300 KB compressed, with everything that it may ever load', () => {
    const folder = path.join(packageRoot, 'dist', 'web', 'page');
    const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
      entry.isFile(),
    );
    const bytes = files.map(
      ({ parentPath, name }) => gzipSync(readFileSync(path.join(parentPath, name))).length,
    );
    expect(files.some(({ name }) => name === 'app.js')).toBe(true);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
  });

  it.each(['index.html', 'meeting.html'])('%s names files that are there, and each once', (page) => {
    const folder = path.join(packageRoot, 'dist', 'web', 'page');
    const html = readFileSync(path.join(folder, page), 'utf8');
    const named = [...html.matchAll(/<link rel="modulepreload" href="\/(.*?)"/g)].map(
      ([, name = '']) => name,
    );
    expect(named.length).toBeGreaterThan(5);
    expect(new Set(named).size).toBe(named.length);
    for (const name of named) expect(existsSync(path.join(folder, name)), name).toBe(true);
  });
});

needsBrowser('the page in a browser', () => {
  const browser = useBrowser();

  it(`shows ${hostileTexts.length} hostile texts, wherever they can stand, as nothing but text`, async () => {
    const transcripts = await temporaryFolder();
    await writeMeeting(transcripts, 'hostile', toLines(stamp(hostileMeeting())));
    const changed = hostileMeeting((text, index) => (index % 2 === 0 ? `${text} more` : `More ${text}`));
    await writeMeeting(transcripts, 'changed', toLines(stamp(changed)));
    const few = hostileTexts.filter((_, index) => index % 9 === 0);
    await Promise.all(
      few.map((text, index) => {
        const seat = { name: text, provider: text, model: text, lang: text };
        return writeInterrupted(
          transcripts,
          `named-${index}`,
          toLines(stamp([meetingEvent(seat, seat), turnEvent(1, text)])),
        );
      }),
    );
    const { base } = await startWeb(transcripts);
    const watched = await browser.open(base);
    const { page } = watched;
    await watched.goto('/meetings/hostile');
    await page.locator(`#turn-${hostileTexts.length}`).waitFor();
    await expect.poll(() => page.locator('.turn > .pair > .words').count()).toBe(hostileTexts.length);
    // To the end and back, so that all is read that waits until it is seen.
    await page.locator('.end').scrollIntoViewIfNeeded();
    await expect.poll(() => page.locator('.words.unread').count(), patience).toBe(0);
    expect(await page.evaluate(strangers)).toEqual([]);
    expect(await page.title()).toContain('<img src=x onerror=window.hit=1>');
    for (const index of few.keys()) {
      await watched.goto(`/meetings/named-${index}`);
      await page.locator('#turn-1').waitFor();
      expect(await page.evaluate(strangers)).toEqual([]);
    }
    await watched.goto('/compare?a=hostile&b=changed');
    await page.locator('.beside.changed').first().waitFor();
    await expect.poll(() => page.locator('.words.unread').count(), patience).toBe(0);
    expect(await page.locator('.beside.changed .words').count()).toBe(2 * hostileTexts.length);
    expect(await page.locator('.side.right ins', { hasText: /more/i }).count()).toBeGreaterThan(20);
    expect(await page.evaluate(strangers)).toEqual([]);
    await watched.goto('/');
    await page.locator('.meetings li').first().waitFor();
    expect(await page.locator('.meetings li').count()).toBe(few.length);
    expect(await page.evaluate(strangers)).toEqual([]);
    expect(await page.evaluate('window.hit')).toBeUndefined();
    expect(watched.wrongs).toEqual([]);
  });

  it('is the same to whoever reads it in the dark, on a phone or by ear, and goes on where the journal does', async () => {
    const transcripts = await temporaryFolder();
    const code =
      '```python\nprint("much of it", "on a line that is far too long for any telephone in the world")\n```';
    const begun: MeetingEvent[] = [
      meetingEvent({ lang: 'en' }, { lang: 'de' }),
      { type: 'note', seat: 'a', text: 'Code that you write is run. '.repeat(12) },
      turnEvent(1, `A **bold** word, and code:\n\n${code}`),
      { type: 'translation', seat: 'a', turn: 1, from: 'en', to: 'de', text: 'Ein *fettes* Wort', ms: 400 },
      { type: 'block', seat: 'a', turn: 1, kind: 'code', number: 1, language: 'python', code: 'print(1)' },
      {
        type: 'result',
        seat: 'a',
        turn: 1,
        kind: 'code',
        number: 1,
        outcome: 'failed',
        detail: 'ValueError: no',
        output: 'x'.repeat(900),
        outputBytes: 900,
        files: [{ path: 'a.csv', bytes: 9 }],
        ms: 3,
      },
      { type: 'flag', seat: 'b', flag: 'broke-character', turn: 1, detail: 'As an AI' },
      { type: 'moderator', action: 'say', text: 'Be kind' },
      ...Array.from({ length: 30 }, (_, index) =>
        turnEvent(index + 2, `Turn ${index + 2}, of a usual length, says this and that.`),
      ),
    ];
    await writeMeeting(transcripts, 'long', toLines(stamp(begun)));
    const { base } = await startWeb(transcripts);
    for (const viewport of sizes) {
      const watched = await browser.open(base, { viewport });
      const { page } = watched;
      for (const place of ['/', '/start', '/setup', '/meetings/long', '/meetings/nobody', '/nowhere']) {
        await watched.goto(place);
        await page.locator('h1').first().waitFor();
        await expect.poll(() => page.locator('.loading').count(), patience).toBe(0);
        expect(
          await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
          place,
        ).toBeLessThanOrEqual(0);
        await watched.expectAccessible();
      }
      expect(watched.wrongs).toEqual([]);
    }
    const watched = await browser.open(base);
    const { page } = watched;
    await watched.goto('/meetings/long#turn-12');
    await page.locator('#turn-12.target').waitFor();
    expect((await page.locator('#turn-12').boundingBox())?.y).toBeLessThan(300);
    await page.locator('#turn-1 strong', { hasText: 'bold' }).waitFor({ state: 'attached' });
    expect(await page.locator('#turn-1 .translation em').textContent()).toBe('fettes');
    expect(await page.locator('#turn-1-code-1').textContent()).toContain('ValueError: no');
    expect(await page.locator('.event.flag').textContent()).toContain('broke character');
    await appendFile(
      path.join(transcripts, 'long', 'journal.jsonl'),
      toLines(stamp([turnEvent(32, 'Fresh words')], begun.length + 1)),
    );
    await page.locator('#turn-32').waitFor({ state: 'attached' });
    await page.locator('.unseen[role=status]', { hasText: 'Fresh words' }).waitFor({ state: 'attached' });
    // Back from another page, and after a reload, one reads on where one was.
    const height = (): Promise<number> => page.evaluate<number>('scrollY');
    const before = await height();
    await page.mouse.move(640, 300);
    await page.mouse.wheel(0, 1_200);
    await expect.poll(height, patience).toBe(before + 1_200);
    const topOf = (turn: string): Promise<number> =>
      page.evaluate<number>(`document.querySelector('#${turn}').getBoundingClientRect().top`);
    const readTurn = await page.evaluate<string>(
      `[...document.querySelectorAll('.turn')].find((turn) => turn.getBoundingClientRect().bottom > 0).id`,
    );
    // What came into view is laid out first.
    let topBefore = await topOf(readTurn);
    const hasMoved = async (): Promise<boolean> => topBefore !== (topBefore = await topOf(readTurn));
    await expect.poll(hasMoved, { ...patience, interval: 300 }).toBe(false);
    const pixelsMoved = async (): Promise<number> => Math.abs((await topOf(readTurn)) - topBefore);
    await page.getByRole('link', { name: 'Setup' }).dispatchEvent('click');
    await page.getByRole('heading', { name: 'Setup' }).waitFor();
    await page.goBack();
    await page.locator(`#${readTurn}`).waitFor({ state: 'attached' });
    await expect.poll(pixelsMoved, patience).toBeLessThan(3);
    await page.reload();
    await page.locator(`#${readTurn}`).waitFor({ state: 'attached' });
    await expect.poll(pixelsMoved, patience).toBeLessThan(3);
    await page.keyboard.press('?');
    await page.locator('dialog[open]', { hasText: 'pause' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog[open]').waitFor({ state: 'hidden' });
    expect(watched.wrongs).toEqual([]);
  });

  it('shows of a thousand turns those first that are read first, and soon all of them, in order', async () => {
    const transcripts = await temporaryFolder();
    const turns = 1_000;
    const said = [
      meetingEvent(),
      ...Array.from({ length: turns }, (_, index) =>
        turnEvent(index + 1, `Turn ${index + 1} says **this**.\n\n\`\`\`python\nprint(${index})\n\`\`\``),
      ),
    ];
    await writeMeeting(transcripts, 'over', toLines(stamp([...said, { type: 'stop', reason: 'stopped' }])));
    await writeInterrupted(transcripts, 'open', toLines(stamp(said)), process.pid);
    const { base } = await startWeb(transcripts);
    expect(await (await fetch(new URL('/meetings/over', base))).text()).toMatch(
      /modulepreload.*meeting-page-/,
    );
    expect(await (await fetch(base)).text()).not.toContain('meeting-page-');
    const numbers = Array.from({ length: turns }, (_, index) => String(index + 1));
    const visit = async (address: string): Promise<WatchedPage> => {
      const watched = await browser.open(base);
      await watched.page.addInitScript(recordTurns);
      await watched.goto(address);
      const shown = watched.page.locator('.turn[id] .number');
      await expect.poll(() => shown.count(), patience).toBe(turns);
      expect(await shown.allTextContents()).toEqual(numbers);
      expect(watched.wrongs).toEqual([]);
      return watched;
    };
    const over = await visit('/meetings/over');
    const first = await over.page.evaluate<string[]>('window.firstTurns');
    expect(first.length).toBeLessThan(200);
    expect(first[0]).toBe('turn-1');
    expect(await over.page.evaluate('scrollY')).toBe(0);
    expect(await over.page.evaluate('window.find("Turn 777 says")')).toBe(true);
    const open = await visit('/meetings/open');
    expect((await open.page.evaluate<string[]>('window.firstTurns')).length).toBeLessThan(200);
    await expect.poll(() => bottomGap(open.page), patience).toBeLessThan(80);
    await appendFile(
      path.join(transcripts, 'open', 'journal.jsonl'),
      toLines(stamp([turnEvent(turns + 1, 'Fresh words')], said.length + 1)),
    );
    await open.page.locator(`#turn-${turns + 1}`).waitFor();
    await expect.poll(() => bottomGap(open.page), patience).toBeLessThan(80);
    const one = await visit('/meetings/over#turn-700');
    await one.page.locator('#turn-700.target').waitFor();
    expect((await one.page.locator('#turn-700').boundingBox())?.y).toBeLessThan(300);
  });

  it('lets a first visitor hold a meeting, moderate it, talk in it and end it', async () => {
    const transcripts = await temporaryFolder();
    const { base } = await startWeb(transcripts);
    const watched = await browser.open(base, { viewport: { width: 1440, height: 900 } });
    const { page } = watched;
    const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
    await watched.goto('/');
    await press('Let Eliza meet Parry');
    await page.waitForURL(/\/meetings\/\d{8}-\d{4}-eliza-parry-/);
    await page.locator('.turn.live').first().waitFor();
    await page.locator('#turn-2').waitFor();
    await page.getByRole('button', { name: 'Step' }).dispatchEvent('click');
    await page.locator('.steering .problem', { hasText: 'needs a pause first' }).waitFor();
    await press('Pause');
    await page.locator('.badge.paused').waitFor();
    expect(await page.locator('.steering .problem').count()).toBe(0);
    await watched.expectAccessible();
    const said = await turnsOf(page);
    await press('Step');
    await page.locator(`#turn-${said + 1}`).waitFor();
    const words = page.getByLabel('Your words');
    await words.fill('Speak of the weather');
    await words.press('Enter');
    await page.locator('.event.moderator', { hasText: 'says to both: Speak of the weather' }).waitFor();
    await page.getByLabel('To whom').selectOption('whisper-b');
    await words.fill('Be brief');
    await press('Send');
    await page.locator('.event.moderator', { hasText: 'whispers to Parry: Be brief' }).waitFor();
    await press('More');
    await page.getByLabel('Turns at most').fill('500');
    await press('Change the limits');
    await page.locator('.event.moderator', { hasText: 'max-messages 500' }).waitFor();
    await watched.expectAccessible();
    await press('Take the seat of Eliza');
    await page.locator('.seat-news').waitFor();
    await press('Go on');
    await page.locator('.badge.running').waitFor();
    expect(await page.getByLabel('To whom').inputValue()).toBe('seat-a');
    await words.fill('I am **not** Eliza');
    await words.press('Enter');
    const own = page.locator('.turn.a', { hasText: 'written by the moderator' });
    await own.locator('strong', { hasText: 'not' }).waitFor();
    await press('Give back the seat of Eliza');
    await page.locator('.event.moderator', { hasText: 'seat of Eliza is given back' }).waitFor();
    await watched.goto('/');
    await page.locator('.card.meeting', { hasText: 'Parry' }).locator('.badge.running').waitFor();
    await watched.expectAccessible();
    await page.setViewportSize({ width: 1440, height: 480 });
    await page.getByRole('link', { name: 'Eliza and Parry' }).click();
    await page.locator('#turn-3').waitFor();
    await expect.poll(() => bottomGap(page), patience).toBeLessThan(80);
    await page.mouse.move(700, 200);
    await page.mouse.wheel(0, -600);
    await page.locator('.new-turns').click();
    await page.locator('.new-turns').waitFor({ state: 'detached' });
    await expect.poll(() => bottomGap(page), patience).toBeLessThan(80);
    await press('More');
    await press('Stop now');
    await page.locator('.end', { hasText: 'it was stopped (stopped)' }).waitFor();
    expect(await page.locator('.badge').textContent()).toBe('ended');
    expect(watched.wrongs).toEqual([]);
  });

  it('starts a meeting on the terms of the form, with a persona changed for it, and says what cannot be', async () => {
    const transcripts = await temporaryFolder();
    const { base } = await startWeb(transcripts);
    const watched = await browser.open(base);
    const { page } = watched;
    await watched.goto('/start');
    const seat = page.locator('.seat.a');
    await seat.getByText('Look at it, or change it').click();
    const text = seat.getByLabel('What its author wrote');
    await text.fill((await text.inputValue()).replace('Eliza', 'Elisabeth'));
    await seat.getByText('Changed for this meeting').waitFor();
    await page.getByLabel('Turns at most').fill('many');
    await page.getByRole('button', { name: 'Start the meeting' }).dispatchEvent('click');
    await page.locator('.problem', { hasText: '“many” is no number' }).waitFor();
    await page.getByLabel('Turns at most').fill('2');
    await watched.expectAccessible();
    await page.getByRole('button', { name: 'Start the meeting' }).click();
    await page.locator('.end', { hasText: 'Ended after 2 turns' }).waitFor();
    expect(await page.locator('h1').textContent()).toBe('Elisabeth and Parry');
    expect(watched.wrongs).toEqual([]);
  });

  it.skipIf(!hasSandbox)(
    'runs a block once somebody has changed it and said so, and not one that was refused',
    async () => {
      const transcripts = await temporaryFolder();
      const { base } = await startWeb(transcripts);
      const watched = await browser.open(base);
      const { page } = watched;
      const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
      await watched.goto('/start');
      await page.getByLabel('Run the code they write').check();
      await page.getByLabel('Ask me before each block').check();
      await press('Start the meeting');
      await press('More');
      await press('Take the seat of Parry');
      await press('Less');
      const words = page.getByLabel('Your words');
      await page.locator('.seat-news').waitFor();
      await words.fill('RUN-CODE\n```python\nprint(6 * 7)\n```');
      await press('Send');
      await page.locator('.approval', { hasText: 'print(6 * 7)' }).waitFor();
      await watched.expectAccessible();
      const other = await browser.open(base, { viewport: { width: 390, height: 844 } });
      await other.goto('/');
      const badge = other.page.locator('.card.meeting .badge.approval-due', {
        hasText: 'a block waits for approval',
      });
      await badge.waitFor();
      expect(await other.page.title()).toMatch(/^1 waits for approval/);
      await other.page
        .locator('.unseen[role=status]', { hasText: 'Eliza and Parry: a block waits for approval' })
        .waitFor({ state: 'attached' });
      await other.expectAccessible();
      await press('Edit');
      await page.getByLabel('What is run instead').fill('print(6 * 9)');
      await press('Run it so');
      await page.locator('.result .output', { hasText: '54' }).waitFor();
      await badge.waitFor({ state: 'detached' });
      expect(await other.page.title()).toMatch(/^Now/);
      expect(other.wrongs).toEqual([]);
      await page.locator('.result', { hasText: 'was changed before it was run' }).waitFor();
      await words.fill('RUN-CODE\n```python\nprint("secret")\n```');
      await press('Send');
      await page.getByLabel('Why not, for its author').fill('Not today');
      await press('Refuse');
      await page.locator('.result.refused', { hasText: 'Not today' }).waitFor();
      expect(await page.locator('.approval').count()).toBe(0);
      expect(watched.wrongs).toEqual([]);
    },
    60_000,
  );

  it('reads aloud by language and gender, follows what comes, and is silent at once', async () => {
    const transcripts = await temporaryFolder();
    const begun = [
      meetingEvent({ lang: 'en', gender: 'f' }, { lang: 'de', gender: 'm' }),
      turnEvent(1, 'Good **day**.'),
    ];
    await writeInterrupted(transcripts, 'one', toLines(stamp(begun)));
    const { base } = await startWeb(transcripts);
    const watched = await browser.open(base);
    const { page } = watched;
    await page.addInitScript(fakeVoices);
    const spoken = (): Promise<unknown> => page.evaluate('window.spoken');
    await watched.goto('/meetings/one');
    await page.locator('#turn-1').waitFor();
    await page.getByRole('button', { name: 'Read aloud' }).click();
    await expect.poll(spoken, patience).toEqual(['Samantha: Good day.']);
    await appendFile(
      path.join(transcripts, 'one', 'journal.jsonl'),
      toLines(stamp([turnEvent(2, 'Guten Tag. Und?')], 3)),
    );
    await expect.poll(spoken, patience).toEqual(['Samantha: Good day.', 'Markus: Guten Tag.']);
    await page.locator('#turn-2.reading').waitFor();
    await page.getByRole('button', { name: 'Stop reading' }).click();
    await expect.poll(spoken, patience).toEqual(['Samantha: Good day.', 'Markus: Guten Tag.', 'silence']);
    expect(await page.locator('.reading').count()).toBe(0);
    expect(watched.wrongs).toEqual([]);
  });

  it('shows a meeting whose proxy was killed as interrupted, and goes on with it once it is resumed', async () => {
    const transcripts = await temporaryFolder();
    const { base } = await startWeb(transcripts);
    const place = `--transcripts=${transcripts}`;
    const meet = colloquy(transcripts, 'meet', place, '--max-messages=400', '--quiet');
    const watched = await browser.open(base);
    const { page } = watched;
    await watched.goto('/');
    await page.getByRole('link', { name: 'Eliza and Parry' }).click();
    await page.locator('#turn-2').waitFor();
    const meeting = path.basename(new URL(page.url()).pathname);
    const control = readControlFile(path.join(transcripts, meeting));
    if (!control || control.pid < 2) throw new Error('the meeting has no proxy');
    process.kill(control.pid, 'SIGKILL');
    await page.locator('.badge.interrupted').waitFor();
    await page.locator('.end', { hasText: `colloquy resume ${meeting}` }).waitFor();
    await meet.ended;
    const said = await turnsOf(page);
    const resumed = colloquy(transcripts, 'resume', meeting, place, '--quiet');
    await page.locator('.badge.running').waitFor();
    await page.locator(`#turn-${said + 1}`).waitFor();
    const numbers = await page.locator('.turn[id] .number').allTextContents();
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)));
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('button', { name: 'Stop now' }).click();
    await resumed.ended;
    expect(watched.wrongs).toEqual([]);
  });

  it('says that the connection is lost, and goes on by itself once the server is there again', async () => {
    const transcripts = await temporaryFolder();
    await writeInterrupted(transcripts, 'one', toLines(stamp([meetingEvent(), turnEvent(1, 'First')])));
    const { program, base } = await startWeb(transcripts);
    const watched = await browser.open(base);
    const { page } = watched;
    await watched.goto('/meetings/one');
    await page.locator('#turn-1').waitFor();
    program.child.kill('SIGKILL');
    await program.ended;
    await page.locator('.lost', { hasText: 'trying again' }).waitFor();
    await page.getByRole('link', { name: 'Setup' }).click();
    await page.getByText('This part of the page did not load. Is `colloquy web` still running?').waitFor();
    await page.goBack();
    await page.getByText('The server of this page does not answer.').waitFor();
    await appendFile(
      path.join(transcripts, 'one', 'journal.jsonl'),
      toLines(stamp([turnEvent(2, 'Second')], 3)),
    );
    await startWeb(transcripts, `--port=${new URL(base).port}`);
    await page.locator('#turn-2').waitFor();
    expect(await page.locator('.lost').count()).toBe(0);
    expect(await page.locator('.turn').count()).toBe(2);
  });
});

async function bottomGap(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollHeight - innerHeight - scrollY');
}

async function turnsOf(page: Page): Promise<number> {
  return page.locator('.turn[id]').count();
}

/** Voices of a browser; what has "Tag" in it is never spoken to its end. */
const fakeVoices = `
  window.spoken = [];
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
  Object.defineProperty(window, 'speechSynthesis', { value: {
    getVoices: () => [['Daniel', 'en-GB'], ['Samantha', 'en-US'], ['Markus', 'de-DE']].map(([name, lang]) =>
      ({ name, lang, default: false, localService: true })),
    speak(one) {
      window.spoken.push(one.voice.name + ': ' + one.text);
      if (!one.text.includes('Tag')) setTimeout(() => one.onend());
    },
    cancel() { if (window.spoken.length > 0) window.spoken.push('silence'); },
    addEventListener() {},
  } });`;

/** Which turns are there when the first of them is. */
const recordTurns = `
  new MutationObserver((_, observer) => {
    const turns = [...document.querySelectorAll('.turn[id]')];
    if (turns.length === 0) return;
    window.firstTurns = turns.map(({ id }) => id);
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });`;

/** A meeting whose proxy was killed, or is said to be that process. */
async function writeInterrupted(transcripts: string, name: string, journal: string, pid = 0): Promise<void> {
  const folder = await writeMeeting(transcripts, name, journal);
  const control = { pid, host: hostname(), port: 1, token: 'gone' };
  await writeFile(path.join(folder, 'control.json'), JSON.stringify(control));
}

/** Every hostile text, as everything that a meeting can hold. */
function hostileMeeting(said: (text: string, index: number) => string = (text) => text): MeetingEvent[] {
  const [name = ''] = hostileTexts.filter((text) => text.includes('onerror=window.hit=1>'));
  const seat = {
    name,
    lang: name,
    gender: name,
    provider: name,
    model: name,
    persona: { text: name, sha256: name },
  };
  return [
    meetingEvent(seat, seat),
    ...hostileTexts.flatMap((text, index): MeetingEvent[] => {
      const turn = index + 1;
      const who = { seat: turn % 2 === 1 ? 'a' : 'b', turn } as const;
      const block = { kind: 'code', number: 1 } as const;
      return [
        { type: 'note', seat: 'a', text },
        { type: 'turn', ...who, text: said(text, index), meta: { finish: text } },
        { type: 'translation', ...who, from: 'en', to: index % 2 === 0 ? 'de' : text, text, ms: 1 },
        { type: 'block', ...who, ...block, language: 'python', code: text },
        {
          ...{ type: 'result', ...who, ...block, outcome: 'failed', tier: text, ms: 1 },
          ...{ detail: text, output: text, outputBytes: 1 },
          files: [
            { path: text, bytes: 1 },
            { path: `${text}.png`, bytes: 1 },
          ],
        },
        { type: 'status', seat: 'b', text },
        { type: 'flag', ...who, flag: 'broke-character', detail: text },
        { type: 'moderator', action: 'whisper', seat: 'a', text },
      ];
    }),
    { type: 'lost', seat: 'a', detail: name, partial: name },
    { type: 'stop', reason: 'error', detail: name },
  ];
}

/** Elements and attributes that nothing a model wrote may have brought into the page. */
const strangers = `[...document.querySelectorAll('*')].flatMap((element) => {
  const tag = element.localName;
  const own = ['script', 'link', 'meta', 'style'].includes(tag) && !document.head.contains(element);
  const isForeign = own || (!element.matches('form.compare-picker') && ['iframe', 'object', 'embed', 'base', 'video', 'audio', 'math', 'template', 'marquee', 'source', 'form'].includes(tag));
  const attributes = element.getAttributeNames().filter((name) => name.startsWith('on') || name === 'style' || name === 'srcdoc' || name === 'ping' || name === 'autofocus');
  const link = element.getAttribute('href') ?? element.getAttribute('src') ?? '';
  const isBadLink = /^\\s*(javascript|data|vbscript):/i.test(link) || (tag === 'img' && !link.startsWith('/'));
  const isInWords = element.closest('.words') !== null && !/^(div|p|br|hr|h[3-6]|blockquote|ul|ol|li|pre|code|span|strong|em|del|ins|a|table|thead|tbody|tr|th|td)$/.test(tag);
  return isForeign || attributes.length > 0 || isBadLink || isInWords ? [element.outerHTML.slice(0, 200)] : [];
})`;
