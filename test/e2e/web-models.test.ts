import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasBrowser, startWeb, useBrowser } from '../support/browser.ts';
import { startModelServer } from '../support/model-server.ts';
import { temporaryFolder } from '../support/temporary.ts';

const key = 'sk-test-0123456789';

describe.skipIf(!hasBrowser)('a page with a hosted model behind it', () => {
  const browser = useBrowser();

  it('lists its models, never shows its key, and counts the seconds of a rate limit down', async () => {
    let isBusy = true;
    const server = await startModelServer('openai', (body) => {
      if (!('messages' in body)) {
        const data = [{ id: 'gpt-4o-mini' }, { id: 'a-model-of-tests' }];
        return { type: 'raw', contentType: 'application/json', text: JSON.stringify({ data }) };
      }
      if (!isBusy) return { type: 'reply', pieces: ['Good ', 'evening.'] };
      isBusy = false;
      return { type: 'refuse', status: 429, message: 'slow down', headers: { 'retry-after': '4' } };
    });
    const folder = await temporaryFolder();
    const settings = `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=${server.origin}/v1\n`;
    await writeFile(path.join(folder, '.env'), settings);
    const { base } = await startWeb(folder);
    const watched = await browser.open(base);
    const { page } = watched;

    await watched.goto('/start');
    const seats = page.getByLabel('Who writes');
    await seats.first().selectOption('openai');
    await expect.poll(() => page.content()).toContain('a-model-of-tests');
    await seats.last().selectOption('eliza');
    await page.getByLabel('Turns at most').fill('3');
    await page.getByText('How it begins').click();
    await page
      .locator('label', { hasText: /^Who begins/ })
      .locator('select')
      .selectOption('a');
    await page.getByRole('button', { name: 'Start the meeting' }).click();

    // Its persona knows what to begin with; the third turn is the model's first.
    const waiting = page.locator('.waiting', { hasText: 'next try in' });
    await waiting.waitFor();
    const secondsLeft = async (): Promise<number> =>
      Number(/next try in (\d+) s/.exec((await waiting.textContent({ timeout: 1_000 })) ?? '')?.[1]);
    const first = await secondsLeft();
    expect(first).toBeGreaterThan(1);
    await expect.poll(secondsLeft).toBeLessThan(first);
    await page.locator('#turn-3', { hasText: 'Good evening.' }).waitFor();

    await watched.goto('/setup');
    await page.getByText('OpenAI').first().waitFor();
    expect(await page.content()).not.toContain(key);
    expect(watched.wrongs).toEqual([]);
  });
});
