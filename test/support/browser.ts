import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { readControlFile } from '../../proxy/control-file.ts';
import { ControlClient } from '../../proxy/control-client.ts';
import { colloquy, type Program } from './program.ts';

/** Debian's; the package `chromium`. */
const chromiumPath = '/usr/bin/chromium';
export const hasBrowser = existsSync(chromiumPath);

/** A browser for the tests of a file. */
export function useBrowser(): {
  readonly open: (base: string, options?: BrowserContextOptions) => Promise<WatchedPage>;
} {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  return {
    async open(base, options = {}) {
      if (!browser) throw new Error('the browser did not start');
      const context = await browser.newContext(options);
      onTestFinished(() => context.close());
      return new WatchedPage(await context.newPage(), base);
    },
  };
}

/** A page with everything on record that a page of ours must never do. */
export class WatchedPage {
  readonly page: Page;
  readonly base: string;
  /** Dialogs, errors, requests to other hosts, and what the content security policy had to stop. */
  readonly wrongs: string[] = [];

  constructor(page: Page, base: string) {
    this.page = page;
    this.base = base;
    page.setDefaultTimeout(60_000);
    page.on('dialog', (dialog) => {
      this.wrongs.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('pageerror', (error) => this.wrongs.push(`error: ${error.message}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(base)) this.wrongs.push(`request: ${request.url()}`);
    });
    page.on('console', (message) => {
      if (/Content Security Policy|Refused/i.test(message.text())) this.wrongs.push(message.text());
    });
    page.on('popup', () => this.wrongs.push('a window was opened'));
  }

  async goto(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.base).href);
  }

  /** What axe-core finds in the page as it is. Of the other scheme only the colours are looked at: nothing else differs. */
  async expectAccessible(): Promise<void> {
    for (const [colorScheme, rules] of [
      ['light', ''],
      ['dark', `runOnly: ['color-contrast', 'link-in-text-block'],`],
    ] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // It is half a megabyte.
      if (!(await this.page.evaluate('"axe" in window'))) await this.page.evaluate(axe.source);
      const found = await this.page.evaluate(
        `axe.run(document, { ${rules} resultTypes: ['violations'] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')))`,
      );
      expect(found, `${colorScheme} ${this.page.url()}`).toEqual([]);
    }
  }
}

/** `colloquy web` on a free port. */
export async function startWeb(
  transcripts: string,
  ...flags: string[]
): Promise<{ program: Program; base: string }> {
  const program = colloquy(
    transcripts,
    'web',
    ...(flags.some((flag) => flag.startsWith('--port=')) ? [] : ['--port=0']),
    `--transcripts=${transcripts}`,
    ...flags,
  );
  // Those that the page has started outlive its server.
  onTestFinished(async () => {
    const entries = await readdir(transcripts);
    const folders = entries.map((name) => path.join(transcripts, name)).filter(readControlFile);
    await Promise.all(folders.map((folder) => stopMeeting(folder).catch(() => {})));
  });
  const [base] = await program.until(/http:\/\/127\.0\.0\.1:\d+\//);
  return { program, base };
}

async function stopMeeting(folder: string): Promise<void> {
  const client = await ControlClient.connect(folder);
  await client.ask({ action: 'stop' });
  client.close();
}
