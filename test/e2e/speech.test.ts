import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MeetingEvent } from '../../journal/event.ts';
import { findProgram } from '../../sidecar/tiers/find-program.ts';
import { parseWav } from '../../speech/wav.ts';
import type { Participant, Seat } from '../../wire/types.ts';
import { createFakeSpeech, type FakeSpeech } from '../support/fake-speech.ts';
import { colloquy, Program, run } from '../support/program.ts';
import { programPath } from '../../config/paths.ts';
import { temporaryFolder } from '../support/temporary.ts';

const hang = 'await new Promise((resolve) => setInterval(() => {}, 1000));';

/** A working folder whose proxy.yml names a program that speaks to nobody. */
async function folderWith(
  fake: { body?: string } = {},
): Promise<{ cwd: string; speech: FakeSpeech; config: string }> {
  const cwd = await temporaryFolder();
  const speech = await createFakeSpeech(cwd, fake);
  const config = path.join(cwd, 'speaking.yml');
  await writeFile(
    config,
    `speech:\n  command: ${JSON.stringify(speech.command)}\n  voices: { Parry: low }\n`,
  );
  return { cwd, speech, config };
}

/** A meeting of two who say these texts in turn, as it is kept. */
async function keepMeeting(
  cwd: string,
  seats: { readonly [seat in Seat]: Participant },
  texts: readonly string[],
): Promise<void> {
  const folder = path.join(cwd, 'transcripts', '20261121-0000-kept-meeting-abcd');
  await mkdir(folder, { recursive: true });
  const settings = { hello: '/start', first: 'a' as const, maxMessages: 0, maxSeconds: 0 };
  const events: MeetingEvent[] = [
    { type: 'meeting', meeting: path.basename(folder), software: 'colloquy test', settings, seats },
    ...texts.map((text, index) => ({
      type: 'turn' as const,
      seat: index % 2 ? ('b' as const) : ('a' as const),
      turn: index + 1,
      text,
    })),
    { type: 'stop', reason: 'end' },
  ];
  const lines = events.map((event, index) =>
    JSON.stringify({ v: 1, seq: index + 1, t: '2026-11-21T00:00:00.000Z', ...event }),
  );
  await writeFile(path.join(folder, 'journal.jsonl'), lines.join('\n') + '\n');
}

const quick = ['--typing-speed', '0', '--first', 'a', '--seed', '3'];

describe('colloquy meet --speak', () => {
  it('reads all turns in order, in two voices, and stays until the last is read', async () => {
    const { cwd, speech, config } = await folderWith({
      body: 'await new Promise((resolve) => setTimeout(resolve, 300));',
    });
    const { code, stdout, stderr } = await run(cwd, 'meet', ...quick, '-M', '4', '--speak', '-c', config);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^(?:(?:\d turns are|The last turn is) still being read aloud; Ctrl-C ends it\.\n)?$/,
    );
    const said = [...stdout.matchAll(/^\[\d\] \w+:\n(.+)$/gm)].map(([, text]) => text);
    expect(said).toHaveLength(4);
    const runs = await speech.runs();
    expect(runs.map(({ input }) => input)).toEqual(said);
    expect(runs.map(({ args }) => args.join(' '))).toEqual(
      ['--voice  --gender f', '--voice low --gender m', '--voice  --gender f', '--voice low --gender m'].map(
        (rest) => `--lang en ${rest}`,
      ),
    );
    expect((await speech.journal()).map((line) => line.split(' ')[0])).toEqual([
      'start',
      'end',
      'start',
      'end',
      'start',
      'end',
      'start',
      'end',
    ]);
  });

  it('does not hold the meeting up, and falls silent on Ctrl-C', async () => {
    const { cwd, config, speech } = await folderWith({ body: hang });
    const program = colloquy(cwd, 'meet', ...quick, '-M', '6', '--speak', '-c', config);
    await program.until(/HTML:/);
    await program.until(/6 turns are still being read aloud/, 'stderr');
    program.child.kill('SIGINT');
    expect((await program.ended).code).toBe(130);
    expect(await speech.journal()).toHaveLength(1);
    expect(await readdir(path.join(cwd, 'transcripts'))).toHaveLength(1);
  });

  it('begins nothing where nothing can speak, and says what to install', async () => {
    const cwd = await temporaryFolder();
    const program = new Program(process.execPath, [programPath, 'meet', '--speak'], {
      cwd,
      env: { PATH: cwd },
    });
    expect((await program.ended).code).toBe(2);
    expect(program.stderr).toMatch(
      /^colloquy: nothing here can speak: neither espeak-ng \(`apt-get install espeak-ng`\) /,
    );
    expect(existsSync(path.join(cwd, 'transcripts'))).toBe(false);
  });

  it('ends as ever where the program that speaks fails', async () => {
    const { cwd, config } = await folderWith({ body: 'process.exit(4);' });
    const { code, stderr } = await run(cwd, 'meet', ...quick, '-q', '-M', '4', '--speak', '-c', config);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /turn 1 could not be read aloud: .* left with code 4\nturn 2 .*; no more turns are read\n$/s,
    );
  });
});

describe('colloquy proxy --speak and colloquy join --speak', () => {
  it('read one meeting, and to a person what the partner says', async () => {
    const { cwd, speech, config } = await folderWith();
    await mkdir(path.join(cwd, 'config'));
    await writeFile(path.join(cwd, 'config', 'proxy.yml'), await readFile(config));
    const proxy = colloquy(
      cwd,
      'proxy',
      '--speak',
      '--port-a=0',
      '--port-b=0',
      '--once',
      '-v',
      '--max-messages=2',
      '--first=b',
    );
    const [, a = '', b = ''] = await proxy.until(/port (\d+) for seat a and port (\d+) for seat b/, 'stderr');
    const eliza = colloquy(cwd, 'agent', 'eliza', '-p', b);
    const person = colloquy(cwd, 'join', '-p', a, '--name', 'Ann', '--speak');
    await person.until(/You talk with Eliza/);
    await person.until(/Eliza\n.+\n/);
    person.child.stdin.write('The sea is calm.\n');
    expect((await person.ended).code).toBe(0);
    await Promise.all([proxy.ended, eliza.ended]);
    const heard = (await speech.runs()).map(({ input }) => input).sort();
    // Twice, in whatever order: by the proxy and by the person's own program.
    expect(heard).toHaveLength(3);
    expect(heard.filter((text) => text === 'The sea is calm.')).toHaveLength(1);
    const words = heard.filter((text) => text !== 'The sea is calm.');
    expect(words[0]).toBe(words[1]);
  });
});

describe('colloquy speak', () => {
  it('reads a meeting that was kept, and shows what it reads', async () => {
    const { cwd, speech, config } = await folderWith();
    await keepMeeting(cwd, { a: { name: 'Lise', lang: 'de', gender: 'f' }, b: { name: 'Nobody' } }, [
      'Guten **Tag**.',
      'Il fait très beau aujourd’hui, et nous allons nous promener dans les jardins de la ville.',
      '```python\nx = 1\n```',
      '/bye',
    ]);
    const { code, stdout, stderr } = await run(cwd, 'speak', 'last', '-c', config);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('[1] Lise:\nGuten **Tag**.\n\n[2] Nobody:\n');
    const runs = await speech.runs();
    expect(runs.map(({ input }) => input)).toEqual([
      'Guten Tag.',
      expect.stringMatching(/^Il fait/) as string,
      'Hier steht ein Stück Code.',
    ]);
    expect(runs.map(({ args }) => args[1])).toEqual(['de', 'fr', 'de']);
    const later = await run(cwd, 'speak', 'last', '-c', config, '--from', '3');
    expect(later.stdout).toMatch(/^\[3\] Lise:/);
  });

  it.each([
    [['last', '--out', 'x.mp3'], 'x.mp3: what is written is WAV, so let the name end in .wav'],
    [['last', '--out', 'nowhere/x.wav'], 'speech.command cannot write a file: put {file}'],
    [['last', '--from', '9'], 'has 1 turns, and none from 9 on'],
    [['last', '--rate', '5'], '--rate must be at least 60, not 5'],
    [['nosuch'], 'there is no meeting "nosuch"'],
  ])('refuses %j with code 2', async (args, message) => {
    const { cwd, config } = await folderWith();
    await keepMeeting(cwd, { a: { name: 'A' }, b: { name: 'B' } }, ['Hello.']);
    const { code, stderr } = await run(cwd, 'speak', ...args, '-c', config);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe.skipIf(findProgram('espeak-ng') === undefined)('colloquy speak --out, with espeak-ng', () => {
  const seats = {
    a: { name: 'Lise', lang: 'de', gender: 'f' },
    b: { name: 'Ada', lang: 'en-GB', gender: 'f' },
  };
  const texts = [
    'Guten Tag, wie geht es Ihnen heute?\n```\nnicht zu lesen\n```',
    'Very well, thank you.',
    "-w owned.wav [[h@l'oU]] $(touch owned)",
    '/bye',
  ];

  it('writes one WAV file of both voices', async () => {
    const cwd = await temporaryFolder();
    await keepMeeting(cwd, seats, texts);
    const { code, stdout, stderr } = await run(cwd, 'speak', 'last', '--out', 'talk.wav');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^talk\.wav: 4 turns, \d+ s\n$/);
    expect((await readdir(cwd)).sort()).toEqual(['talk.wav', 'transcripts']);
    const bytes = await readFile(path.join(cwd, 'talk.wav'));
    expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8);
    const { format, samples } = parseWav(bytes, 'talk.wav');
    expect([format.readUInt16LE(0), format.readUInt32LE(4), format.readUInt16LE(14)]).toEqual([
      1, 22_050, 16,
    ]);
    const seconds = samples.length / 2 / 22_050;
    // About twenty words, and two pauses.
    expect(seconds).toBeGreaterThan(5);
    expect(seconds).toBeLessThan(25);
    // Somebody speaks.
    expect(Math.max(...samples.subarray(0, 100_000))).toBeGreaterThan(100);
  });

  it('takes longer when it is told to speak slowly', async () => {
    const cwd = await temporaryFolder();
    await keepMeeting(cwd, seats, texts);
    const sizes = [];
    for (const rate of ['300', '100']) {
      await run(cwd, 'speak', 'last', '--out', 'talk.wav', '--rate', rate);
      sizes.push((await readFile(path.join(cwd, 'talk.wav'))).length);
    }
    expect(sizes[1]).toBeGreaterThan(1.5 * (sizes[0] ?? 0));
  });

  it('says that there is no voice for a language, and leaves nothing behind where it fails', async () => {
    const cwd = await temporaryFolder();
    await keepMeeting(cwd, { a: { name: 'X', lang: 'yi' }, b: seats.b }, ['One.', 'Two.']);
    const spoken = await run(cwd, 'speak', 'last', '--out', 'talk.wav');
    expect(spoken).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('espeak-ng has no voice for the language yi') as string,
    });
    await writeFile(path.join(cwd, 'bad.yml'), 'speech:\n  voices: { Ada: nosuchvoice }\n');
    const failed = await run(cwd, 'speak', 'last', '--out', 'other.wav', '-c', 'bad.yml');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/colloquy: turn 2: espeak-ng left with code 1: .*voice does not exist/);
    expect((await readdir(cwd)).sort()).toEqual(['bad.yml', 'talk.wav', 'transcripts']);
  });

  it('hears no phonemes in a text: the brackets are gone', async () => {
    const phonemes = (text: string): string =>
      spawnSync('espeak-ng', ['-q', '-x', '--stdin', '-v', 'en'], { input: text, encoding: 'utf8' }).stdout;
    const { toPlainSpeech } = await import('../../speech/plain-speech.ts');
    const attack = "[[h@l'oU]]";
    expect(phonemes(attack)).toContain("h@l'oU");
    expect(phonemes(toPlainSpeech(attack, { lang: 'en', code: 'skip', maxCharacters: 100 }))).not.toContain(
      "h@l'oU",
    );
  });
});
