import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ReplyPiece } from '../../../agents/provider.ts';
import { createCommand } from '../../../agents/providers/command.ts';
import { splitWords } from '../../../agents/providers/split-words.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const never = new AbortController().signal;

/** A program in a line of JavaScript. */
function node(script: string, env: NodeJS.ProcessEnv = process.env) {
  return createCommand([process.execPath, '-e', script], { env });
}

async function ask(provider: ReturnType<typeof createCommand>, content = 'hello', signal = never) {
  const pieces: ReplyPiece[] = [];
  const request = { system: 'Be kind.', messages: [{ role: 'user' as const, content }], signal };
  for await (const piece of provider.reply(request)) pieces.push(piece);
  return pieces.map((piece) =>
    piece.type === 'end' ? `END ${piece.finish}` : 'text' in piece ? piece.text : '',
  );
}

describe('a program as a provider', () => {
  it('reads the conversation as one line of JSON, and its output is the reply', async () => {
    const echo = "process.stdin.on('data', (data) => process.stdout.write(data))";
    const [line, last] = await ask(node(echo), 'line one\nline two');
    expect(line).toBe('{"system":"Be kind.","messages":[{"role":"user","content":"line one\\nline two"}]}\n');
    expect(last).toBe('END stop');
  });

  it('streams what the program writes, and no character comes in halves', async () => {
    const script = `const [a, b] = [Buffer.from('schön').subarray(0, 4), Buffer.from('schön').subarray(4)];
      process.stdout.write(a); setTimeout(() => process.stdout.write(b), 30);`;
    const pieces = await ask(node(script));
    expect(pieces.slice(0, -1).join('')).toBe('schön');
    expect(pieces[0]).toBe('sch');
  });

  it('does not mind a program that reads nothing', async () => {
    expect(await ask(node("console.log('yes')"), 'x'.repeat(1_000_000))).toEqual(['yes\n', 'END stop']);
  });

  it('quotes the last line of what went wrong, without secrets', async () => {
    const script = "console.error('one\\nbad key ' + process.env.THE_KEY); process.exitCode = 3";
    const failing = ask(node(script, { ...process.env, THE_KEY: 'correct-horse' }));
    await expect(failing).rejects.toMatchObject({
      code: 'failed',
      retryable: false,
      message: `command: "${process.execPath}" left with code 3: bad key [key]`,
    });
  });

  it('says what killed a program', async () => {
    await expect(ask(node("process.kill(process.pid, 'SIGKILL')"))).rejects.toThrow(/was killed by SIGKILL$/);
  });

  it('says that a program is not there', async () => {
    const message = 'command: "no-such-program" is not found; give its path';
    await expect(ask(createCommand('no-such-program --fast'))).rejects.toMatchObject({
      code: 'bad-command',
      message,
    });
  });

  it('ends a program that never stops writing', async () => {
    const script = "const more = () => process.stdout.write('x'.repeat(65_536), more); more()";
    await expect(ask(node(script))).rejects.toMatchObject({ code: 'too-long' });
  });

  it('ends at once when it is told to, with all that the program started', async () => {
    const file = path.join(await temporaryFolder(), 'signs of life');
    const live = `setInterval(() => require('node:fs').appendFileSync(${JSON.stringify(file)}, '.'), 5);`;
    const script = `const { spawn } = require('node:child_process');
      spawn(process.execPath, ['-e', ${JSON.stringify(live)}], { stdio: 'inherit' });
      ${live} setTimeout(() => process.stdout.write('begun'), 100);`;
    const controller = new AbortController();
    const request = { system: '', messages: [], signal: controller.signal };
    const reply = (async () => {
      for await (const piece of node(script).reply(request)) if (piece.type === 'text') controller.abort();
    })();
    await expect(reply).rejects.toMatchObject({ name: 'AbortError' });
    const signs = async (): Promise<number> => (await readFile(file)).length;
    const areAllDead = async (): Promise<boolean> => {
      const before = await signs();
      await sleep(50);
      return (await signs()) === before;
    };
    await expect.poll(areAllDead, { interval: 10 }).toBe(true);
  });

  it('starts nothing when it was told to end before', async () => {
    await expect(ask(node(''), '', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each([
    ['', 'no program is named'],
    ['say "hello', 'a quote is not closed'],
  ])('refuses the command %j', (command, problem) => {
    expect(() => createCommand(command)).toThrow(problem);
  });
});

describe('splitting a command line', () => {
  it.each([
    ['python3  examples/echo.py', ['python3', 'examples/echo.py']],
    [`say 'two words' "and 'more'" x"y"z`, ['say', 'two words', "and 'more'", 'xyz']],
    [String.raw`a\ b "c\"d\e" '\'`, ['a b', String.raw`c"d\e`, '\\']],
    ['$HOME *.txt | cat', ['$HOME', '*.txt', '|', 'cat']],
    ["say ''", ['say', '']],
    ['  ', []],
    ["it's", undefined],
    ['"', undefined],
  ])('%s', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });
});
