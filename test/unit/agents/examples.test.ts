import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, Provider } from '../../../agents/provider.ts';
import { createCommand } from '../../../agents/providers/command.ts';
import { createScripted } from '../../../agents/providers/scripted.ts';
import { packageRoot } from '../../../config/paths.ts';

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('examples/echo.py (left out where there is no python3)', () => {
  const command = `python3 '${path.join(packageRoot, 'examples', 'echo.py')}'`;

  it('repeats what it hears, in any language', async () => {
    const text = await say(createCommand(command), [{ role: 'user', content: 'Ich grüße Sie.\n' }]);
    expect(text).toBe('You said: Ich grüße Sie. And what do you mean by that?\n');
  });

  it('takes leave when the other one does', async () => {
    expect(await say(createCommand(command), [{ role: 'user', content: 'Goodbye!' }])).toBe('/bye\n');
  });
});

describe('examples/replies.yml', () => {
  it('plays to its end', async () => {
    const waits: number[] = [];
    const file = path.join(packageRoot, 'examples', 'replies.yml');
    const provider = createScripted(file, { sleep: async (delayMs) => waits.push(delayMs) });
    expect(await say(provider, turns(0))).toMatch(/^Good evening\./);
    expect(await say(provider, turns(1))).toMatch(/^Thank you\./);
    expect(waits).toEqual([800]);
    expect(await say(provider, turns(2))).toMatch(/\n\nDo you know why\?\n$/);
    const busy = { code: 'rate-limited', retryable: true, retryAfterMs: 500 };
    await expect(say(provider, turns(3))).rejects.toMatchObject(busy);
    await expect(say(provider, turns(3))).rejects.toMatchObject(busy);
    expect(await say(provider, turns(3))).toMatch(/^Because/);
    expect(await say(provider, turns(4))).toBe('/bye');
  });
});

/** A conversation in which the provider has spoken so often already. */
function turns(count: number): ChatMessage[] {
  const exchange: ChatMessage[] = [
    { role: 'user', content: 'Well?' },
    { role: 'assistant', content: 'Well.' },
  ];
  return [...Array.from({ length: count }, () => exchange).flat(), { role: 'user', content: 'Well?' }];
}

async function say(provider: Provider, messages: readonly ChatMessage[]): Promise<string> {
  let text = '';
  const { signal } = new AbortController();
  for await (const piece of provider.reply({ system: '', messages, signal })) {
    if (piece.type === 'text') text += piece.text;
  }
  return text;
}
