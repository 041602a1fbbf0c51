import { readdirSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { CodeEditor } from '../../coder/code-editor.ts';
import { openFolder } from '../support/project.ts';

describe('CodeEditor.run without a project', () => {
  it('opens the best sandbox of the machine for the run, and leaves nothing behind', async () => {
    // Others make such folders at the same time.
    const temporary = await openFolder();
    vi.stubEnv('TMPDIR', temporary);
    vi.stubEnv('EDITOR_SECRET', 'mine');
    const heard: string[] = [];
    const editor = new CodeEditor('import os\nprint(6 * 7, os.environ.get("EDITOR_SECRET"))\n');
    const outcome = await editor.run({ seconds: 20, onOutput: (text) => void heard.push(text) });
    expect(outcome).toMatchObject({ type: 'exited', code: 0, output: '42 None\n' });
    expect(heard.join('')).toBe('42 None\n');
    editor.change(2, 2, 'raise SystemExit(3)');
    await expect(editor.run({ seconds: 20 })).resolves.toMatchObject({ type: 'exited', code: 3 });
    vi.unstubAllEnvs();
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('stops what takes too long, and what nobody waits for any more', async () => {
    const editor = new CodeEditor('print("begun", flush=True)\nwhile True: pass\n');
    await expect(editor.run({ seconds: 1 })).resolves.toMatchObject({
      type: 'timeout',
      output: expect.stringContaining('begun') as string,
    });
    const leave = new AbortController();
    const running = editor.run({
      signal: leave.signal,
      onOutput: () => leave.abort(new Error('not needed any more')),
    });
    await expect(running).rejects.toThrow('not needed any more');
  });
});
