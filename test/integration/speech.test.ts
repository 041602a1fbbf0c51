import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { findEngine, type Engine, type EngineSettings } from '../../speech/engines.ts';
import { runProgram } from '../../speech/run-program.ts';
import { Speaker, type SpeakerOptions } from '../../speech/speaker.ts';
import { sayAloud } from '../../speech/utter.ts';
import type { Voice } from '../../speech/voices.ts';
import { createFakeSpeech, type FakeSpeech } from '../support/fake-speech.ts';
import { untilGone } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

const settings: EngineSettings = { engine: 'auto', command: undefined, player: undefined, rate: undefined };
const english: Voice = { lang: 'en', gender: 'f', name: undefined, isSecond: false };
const aloud = { toFile: false };
const never = new AbortController().signal;

/** What a model may write to get at whoever reads it aloud. */
const hostile = [
  '-w /tmp/owned.wav',
  '--out=/tmp/owned',
  '$(touch owned) `touch owned` ; touch owned | sh && x',
  '{file} {voice} {lang}',
  '!-!SET self RATE 100',
  "[[rate 500]] [[h@l'oU]]",
  '<speak><audio src="http://x/"/></speak>',
  'a\u0001500rb \u001b]0;x\u0007 \u0000 c',
  '%s%n ${HOME} "quoted" \'quoted\'',
];

async function engineOf(fake: FakeSpeech, more: Partial<EngineSettings> = {}): Promise<Engine> {
  return findEngine({ ...settings, command: fake.command, ...more }, aloud);
}

function speakerOf(engine: Engine, options: Partial<SpeakerOptions> = {}): Speaker & { notices: string[] } {
  const notices: string[] = [];
  const speaker = new Speaker({
    engine,
    reading: { code: 'announce', maxCharacters: 4_000 },
    mostBehind: 0,
    onNotice: (message) => notices.push(message),
    ...options,
  });
  onTestFinished(() => speaker.cut());
  return Object.assign(speaker, { notices });
}

function say(speaker: Speaker, turn: number, text: string): void {
  speaker.say({ turn, speaker: 'X', text, voice: english });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a speaker', () => {
  it('reads turns in their order, one when the one before is over, and holds nobody up', async () => {
    const fake = await createFakeSpeech(await temporaryFolder(), {
      // The later, the quicker: who did not wait would be overtaken.
      body: 'await new Promise((resolve) => setTimeout(resolve, 100 - 20 * Number(input.match(/[0-9]+/)[0])));',
    });
    const speaker = speakerOf(await engineOf(fake));
    for (const turn of [1, 2, 3, 4]) say(speaker, turn, `Number ${turn}`);
    expect(speaker.behind).toBe(4);
    expect(await fake.journal()).toEqual([]);
    await speaker.finish();
    const expected = [1, 2, 3, 4].flatMap((turn) => [`start Number ${turn}.`, `end Number ${turn}.`]);
    expect(await fake.journal()).toEqual(expected);
    expect(speaker.behind).toBe(0);
    say(speaker, 5, 'Number 5');
    await speaker.finish();
    expect((await fake.journal()).at(-1)).toBe('end Number 5.');
    expect(speaker.notices).toEqual([]);
  });

  it('gives the program language, voice and gender', async () => {
    const fake = await createFakeSpeech(await temporaryFolder());
    const engine = await engineOf(fake);
    const speaker = speakerOf(engine);
    const voice = { lang: 'el', gender: 'm', name: 'low one', isSecond: false } as const;
    speaker.say({ turn: 1, speaker: 'Σωκράτης', text: 'Τί ἐστι;', voice });
    await speaker.finish();
    expect(await fake.runs()).toMatchObject([
      { args: ['--lang', 'el', '--voice', 'low one', '--gender', 'm'], input: 'Τί ἐστι;' },
    ]);
  });

  it('starts no program for a turn without words', async () => {
    const fake = await createFakeSpeech(await temporaryFolder());
    const speaker = speakerOf(await engineOf(fake));
    for (const [index, text] of ['/bye', '😀', '---', ''].entries()) say(speaker, index + 1, text);
    await speaker.finish();
    expect(await fake.runs()).toEqual([]);
  });

  it('falls silent at once when it is cut, with all that the program has started', async () => {
    const folder = await temporaryFolder();
    const children = path.join(folder, 'children');
    const fake = await createFakeSpeech(folder, {
      body: `
        process.on('SIGTERM', () => {});
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
        writeFileSync(${JSON.stringify(children)}, String(child.pid));
        await new Promise((resolve) => setInterval(() => {}, 1000));`,
    });
    const speaker = speakerOf(await engineOf(fake));
    for (const turn of [1, 2, 3]) say(speaker, turn, `Number ${turn}`);
    await until(async () => (await readFile(children, 'utf8').catch(() => '')) !== '');
    const [run] = await fake.runs();
    speaker.cut();
    await speaker.finish();
    await untilGone([run?.pid ?? 0, Number(await readFile(children, 'utf8'))], 5_000);
    say(speaker, 4, 'Number 4');
    await speaker.finish();
    expect(await fake.journal()).toEqual(['start Number 1.']);
    expect(speaker.notices).toEqual([]);
  });

  it('leaves out the oldest that wait where a person has limited how far behind it may be', async () => {
    const fake = await createFakeSpeech(await temporaryFolder());
    const speaker = speakerOf(await engineOf(fake), { mostBehind: 2 });
    for (const turn of [1, 2, 3, 4, 5]) say(speaker, turn, `Number ${turn}`);
    await speaker.finish();
    expect((await fake.runs()).map(({ input }) => input)).toEqual(['Number 4.', 'Number 5.']);
    expect(speaker.notices).toEqual(
      [1, 2, 3].map(
        (turn) => `turn ${turn} is not read aloud: more than 2 were waiting (speech.max_turns_behind)`,
      ),
    );
  });

  it('goes on after a turn that failed, and gives up after two in a row', async () => {
    const fake = await createFakeSpeech(await temporaryFolder(), {
      body: 'if (/bad/.test(input)) { console.error("no\\n\\u001b[2Jloudspeaker"); process.exit(3); }',
    });
    const speaker = speakerOf(await engineOf(fake));
    for (const [index, text] of ['bad', 'good', 'bad', 'good', 'bad', 'bad', 'good'].entries()) {
      say(speaker, index + 1, text);
    }
    await expect(speaker.finish()).rejects.toMatchObject({ code: 'speech-failed' });
    expect((await fake.runs()).map(({ input }) => input)).toHaveLength(6);
    const why = `could not be read aloud: ${fake.file} left with code 3: ␛[2Jloudspeaker`;
    expect(speaker.notices).toEqual([
      `turn 1 ${why}`,
      `turn 3 ${why}`,
      `turn 5 ${why}`,
      `turn 6 ${why}; no more turns are read`,
    ]);
  });

  it('says once that there is no voice for a language', async () => {
    const fake = await createFakeSpeech(await temporaryFolder());
    const engine = { ...(await engineOf(fake)), problemWith: () => 'no voice for tlh' };
    const speaker = speakerOf(engine);
    for (const turn of [1, 2]) say(speaker, turn, 'Qapla');
    await speaker.finish();
    expect(speaker.notices).toEqual(['no voice for tlh']);
  });
});

describe('a program that speaks', () => {
  it('is ended when it hangs', async () => {
    const fake = await createFakeSpeech(await temporaryFolder(), {
      body: 'await new Promise((resolve) => setInterval(() => {}, 1000));',
    });
    const step = { program: fake.file, args: [], input: 'x' };
    await expect(runProgram(step, never, 400)).rejects.toThrow('did not end within');
  });

  it('may leave without having read its text', async () => {
    await runProgram({ program: '/bin/true', args: [], input: 'x'.repeat(1_000_000) }, never, 10_000);
  });

  it('is named when it is not there', async () => {
    const step = { program: '/nowhere/mytts', args: [], input: 'x' };
    await expect(runProgram(step, never, 1_000)).rejects.toThrow('/nowhere/mytts is not there');
  });

  it('may write a file that another one plays', async () => {
    const folder = await temporaryFolder();
    const writer = await createFakeSpeech(folder, {
      name: 'writer',
      body: 'writeFileSync(args[1], "RIFF " + input);',
    });
    const player = await createFakeSpeech(folder, {
      name: 'player',
      body: `writeFileSync(${JSON.stringify(path.join(folder, 'heard'))}, readFileSync(args[0]));`,
    });
    const engine = await findEngine(
      { ...settings, command: `${writer.file} --out {file}`, player: [player.file, '{file}'] },
      aloud,
    );
    await sayAloud(engine, { text: 'Hello.', voice: english }, never);
    expect(await readFile(path.join(folder, 'heard'), 'utf8')).toBe('RIFF Hello.');
    const [{ args: [scratch = ''] = [] } = {}] = await player.runs();
    await expect(readFile(scratch)).rejects.toThrow('ENOENT');
  });

  it.each(['espeak-ng', 'say', 'spd-say', 'command'] as const)(
    'gets hostile texts as text only: %s',
    async (name) => {
      const folder = await temporaryFolder();
      const fake = await createFakeSpeech(folder, { name });
      vi.stubEnv('PATH', folder);
      onTestFinished(() => void vi.unstubAllEnvs());
      const command = name === 'command' ? fake.command : undefined;
      const engine = await findEngine({ ...settings, engine: name, command, rate: 150 }, aloud);
      const before = (await fake.runs()).length;
      const speaker = speakerOf(engine);
      for (const [index, text] of hostile.entries()) say(speaker, index + 1, text);
      await speaker.finish();
      expect(speaker.notices).toEqual([]);
      const runs = (await fake.runs()).slice(before);
      expect(runs).toHaveLength(hostile.length);
      const shapes = new Set(
        runs.map(({ args }) => JSON.stringify(name === 'spd-say' ? args.slice(0, -1) : args)),
      );
      expect([...shapes]).toEqual([
        {
          'espeak-ng': '["--stdin","-b","1","-v","en+f2","-s","150"]',
          say: '["-r","150","-f","-"]',
          'spd-say': '["-w","-l","en","-t","female1","-r","-14","--"]',
          command: '["--lang","en","--voice","","--gender","f"]',
        }[name],
      ]);
      for (const { args, input } of runs) {
        const text = name === 'spd-say' ? (args.at(-1) ?? '') : input;
        expect(text).not.toMatch(/[[\]]|<[a-z/]|(?!\n)\p{C}/u);
        expect(text).toMatch(/[a-z]/);
        if (name === 'spd-say') expect(input).toBe('');
      }
    },
  );
});

describe('findEngine', () => {
  it('takes espeak-ng before spd-say, and says what to install where nothing is there', async () => {
    const folder = await temporaryFolder();
    vi.stubEnv('PATH', folder);
    vi.spyOn(process, 'platform', 'get').mockReturnValue('linux');
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });
    await expect(findEngine(settings, aloud)).rejects.toThrow(
      'neither espeak-ng (`apt-get install espeak-ng`) nor spd-say (`apt-get install speech-dispatcher`) is there',
    );
    await expect(findEngine({ ...settings, engine: 'say' }, aloud)).rejects.toThrow(
      'say (comes with macOS) is not there',
    );
    await createFakeSpeech(folder, { name: 'spd-say' });
    expect((await findEngine(settings, aloud)).name).toBe('spd-say');
    await expect(findEngine(settings, { toFile: true })).rejects.toThrow('espeak-ng');
    await createFakeSpeech(folder, { name: 'espeak-ng' });
    expect((await findEngine(settings, aloud)).name).toBe('espeak-ng');
  });

  it.each([
    ['mytts --lang {lang}', 'speech.command names "mytts", which is not there; give its path'],
    ['/bin/cat {name}', 'speech.command holds {name}, which is none of {lang}'],
    ['/bin/cat "x', 'a quote is not closed in speech.command'],
  ])('refuses the command %s', async (command, message) => {
    await expect(findEngine({ ...settings, command }, aloud)).rejects.toMatchObject({
      code: 'no-speech',
      message: expect.stringContaining(message) as string,
    });
  });

  it('asks for {file} where a file is to be written, and for a player where it is to be heard', async () => {
    const folder = path.join(await temporaryFolder(), 'empty');
    await mkdir(folder);
    await expect(findEngine({ ...settings, command: '/bin/cat' }, { toFile: true })).rejects.toThrow(
      'put {file}',
    );
    vi.stubEnv('PATH', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const writer = { ...settings, command: '/bin/cat {file}' };
    await expect(findEngine(writer, aloud)).rejects.toThrow('`apt-get install alsa-utils` brings aplay');
    expect((await findEngine(writer, { toFile: true })).name).toBe('/bin/cat');
    await writeFile(path.join(folder, 'aplay'), '', { mode: 0o755 });
    const engine = await findEngine(writer, aloud);
    expect(engine.steps({ text: 'x', voice: english }, '/t/x.wav')).toEqual([
      { program: '/bin/cat', args: ['/t/x.wav'], input: 'x' },
      { program: 'aplay', args: ['-q', '/t/x.wav'], input: '' },
    ]);
  });
});
