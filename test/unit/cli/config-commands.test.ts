import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCli } from '../../../cli/commands.ts';
import { UsageError } from '../../../cli/failure.ts';
import { temporaryFolder } from '../../support/temporary.ts';

afterEach(() => {
  process.exitCode = undefined;
});

describe('colloquy config check', () => {
  it('prints every mistake of every file of config/, and ends with code 2', async () => {
    await enterFolder({
      'config/openai.yml': 'service: openai\ntemprature: 1\nseed: x\n',
      'config/proxy.yml': 'port_a: -1\n',
      'config/notes.txt': 'temprature: 1',
    });
    // Files of config/ come in the order of their names.
    expect(await run('config', 'check')).toBe(
      'config/openai.yml:2:1 unknown key "temprature", did you mean "temperature"?\n' +
        'config/openai.yml:3:7 seed must be a number, not "x"\n' +
        'config/proxy.yml:1:9 port_a must be at least 0, not -1\n',
    );
    expect(process.exitCode).toBe(2);
  });

  it('reads the files that are named, and only them', async () => {
    await enterFolder({
      'config/openai.yml': 'x: 1\n',
      'mine.yml': 'service: eliza\n',
      'relay.yml': 'port_a: 5\n',
    });
    expect(await run('config', 'check', 'mine.yml')).toBe('1 file is fine.\n');
    expect(await run('config', 'check', 'mine.yml', 'relay.yml')).toBe('2 files are fine.\n');
    expect(process.exitCode).toBeUndefined();
    expect(await run('config', 'check', 'gone.yml')).toBe('gone.yml does not exist\n');
  });

  it('reads the files of the program where the folder has none', async () => {
    await enterFolder({});
    expect(await run('config', 'check')).toBe('13 files are fine.\n');
  });
});

it('colloquy persona check reads all the files that are named', async () => {
  await enterFolder({
    'a.md': '# Ada (en)\n\nYou count.\n',
    'b.md': '# Bo\n\nYou prune.\n',
    'c.md': '# Cy (en)\n',
  });
  expect(await run('persona', 'check', 'a.md', 'b.md', 'c.md')).toBe(
    'b.md:1:1 names no language; add it to the title, such as (en)\n' +
      'c.md:1:1 says nothing about who the agent is\n',
  );
});

describe('colloquy config show', () => {
  it('shows the proxy, a service, or what a file is for', async () => {
    await enterFolder({ 'mine.yml': 'service: parry\nseed: 7\n', 'relay.yml': 'port_a: 5\n' });
    expect(await run('config', 'show')).toMatch(/^port_a +18888 +\S*config\/proxy\.yml:4:9$/m);
    expect(await run('config', 'show', 'ollama')).toMatch(/^model +llama3\.2 +/m);
    expect(await run('config', 'show', '-c', 'mine.yml')).toMatch(/^seed +7 +mine\.yml:2:7$/m);
    expect(await run('config', 'show', '-c', 'relay.yml')).toMatch(/^port_a +5 +relay\.yml:1:9$/m);
    await expect(run('config', 'show', 'ollama', '-c', 'mine.yml')).rejects.toThrow(
      'is for parry, but -s says ollama',
    );
    await expect(run('config', 'show', 'olama')).rejects.toThrow(UsageError);
  });

  it('applies the environment and .env, and hides what is secret', async () => {
    await enterFolder({ '.env': 'OPENAI_API_KEY=sk-very-secret\nOPENAI_BASE_URL=http://file/v1\n' });
    vi.stubEnv('OPENAI_BASE_URL', 'http://real/v1');
    vi.stubEnv('OPENAI_API_KEY', undefined);
    onTestFinished(() => void vi.unstubAllEnvs());
    const shown = await run('config', 'show', 'openai');
    expect(shown).toMatch(/^api_key +\(set, hidden\) +OPENAI_API_KEY$/m);
    expect(shown).toMatch(/^base_url +http:\/\/real\/v1 +OPENAI_BASE_URL$/m);
    expect(shown).not.toContain('very-secret');
  });
});

async function run(...words: string[]): Promise<string> {
  let printed = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    await createCli(words, 80).parseAsync();
  } finally {
    write.mockRestore();
  }
  return printed;
}

async function enterFolder(files: Readonly<Record<string, string>>): Promise<void> {
  const folder = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
  onTestFinished(() => cwd.mockRestore());
}
