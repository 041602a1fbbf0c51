import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../sidecar/tiers/find-program.ts';
import { ColloquyError } from '../wire/errors.ts';
import { createCommandEngine } from './command-engine.ts';
import type { Step } from './run-program.ts';
import { chooseSayVoice, parseSayVoices } from './say-voices.ts';
import { primaryLanguage, type Voice } from './voices.ts';

/** What is to be said, free of markup and of control characters, and how. */
export interface Utterance {
  readonly text: string;
  readonly voice: Voice;
}

/** A program that speaks. */
export interface Engine {
  readonly name: string;
  /** False where it can only be listened to. */
  readonly writesFiles: boolean;
  /** Whether it needs a file to say something aloud: the program writes it, another one plays it. */
  readonly usesFile: boolean;
  /** What to run, one after the other, to have it said aloud; or, found for that, to have it in the WAV file. */
  steps(utterance: Utterance, file?: string): readonly Step[];
  /** What to run after a step was cut off, where that alone does not end the sound. */
  readonly hush?: Step;
  /** Undefined where it has a voice for that language. */
  problemWith(voice: Voice): string | undefined;
}

export interface EngineSettings {
  readonly engine: 'auto' | 'say' | 'espeak-ng' | 'spd-say' | 'command';
  /** A template; `docs/speech.md` has its words. */
  readonly command: string | readonly string[] | undefined;
  /** What plays the file that a command has written. */
  readonly player: string | readonly string[] | undefined;
  /** Words a minute; undefined: as the program likes. */
  readonly rate: number | undefined;
}

type ProgramName = 'say' | 'espeak-ng' | 'spd-say';

/**
 * The program that will speak: the one in the settings, or else the first that is there. With `toFile`, one
 * that writes files. Rejects with ColloquyError `no-speech` that says what to install or to set.
 */
export async function findEngine(settings: EngineSettings, { toFile }: { toFile: boolean }): Promise<Engine> {
  const { engine, command } = settings;
  if (engine === 'command' || (engine === 'auto' && command !== undefined)) {
    return createCommandEngine(settings, { toFile });
  }
  const wanted = engine === 'auto' ? programsOf(process.platform) : [engine];
  const able = wanted.filter((name) => !toFile || name !== 'spd-say');
  if (able.length === 0) {
    throw missing(
      'spd-say writes no files: set speech.engine to espeak-ng, or to command with a {file} in it',
    );
  }
  const found = able.find((name) => findProgram(name) !== undefined);
  if (found === undefined) throw missing(describeAbsence(able));
  return create[found](settings);
}

/** The order is that of preference: spd-say cannot be cut off without silencing others. */
function programsOf(platform: NodeJS.Platform): readonly ProgramName[] {
  return platform === 'darwin' ? ['say', 'espeak-ng'] : ['espeak-ng', 'spd-say'];
}

const sources: { readonly [name in ProgramName]: string } = {
  say: 'comes with macOS',
  'espeak-ng': '`apt-get install espeak-ng`',
  'spd-say': '`apt-get install speech-dispatcher`',
};

function describeAbsence(names: readonly ProgramName[]): string {
  const programs = names.map((name) => `${name} (${sources[name]})`).join(' nor ');
  const nothing = names.length === 1 ? `${programs} is not there` : `neither ${programs} is there`;
  return `nothing here can speak: ${nothing}; any other program can be set as speech.command in config/proxy.yml`;
}

function missing(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'no-speech' });
}

const create: { readonly [name in ProgramName]: (settings: EngineSettings) => Promise<Engine> } = {
  'espeak-ng': createEspeak,
  say: createSay,
  'spd-say': async (settings) => createSpeechDispatcher(settings),
};

/**
 * Text goes to stdin. `-m`, which would read SSML, is never given; `[[` and U+0001, which work without it, are
 * not in the text any more. Source: the manual page espeak-ng(1).
 */
async function createEspeak({ rate }: EngineSettings): Promise<Engine> {
  const known = parseEspeakLanguages(await listOf('espeak-ng', ['--voices']));
  const has = ({ lang, name }: Voice): boolean =>
    name !== undefined || known.size === 0 || known.has(primaryLanguage(lang));
  return {
    name: 'espeak-ng',
    writesFiles: true,
    usesFile: false,
    steps({ text, voice }, file) {
      const language = has(voice) ? voice.lang : 'en';
      const args = [
        ...['--stdin', '-b', '1', '-v', voice.name ?? language + espeakVariant(voice)],
        ...(rate === undefined ? [] : ['-s', String(rate)]),
        ...(file === undefined ? [] : ['-w', file]),
      ];
      // Without a sound card it complains and leaves with code 0. ALSA writes much that means nothing.
      return [{ program: 'espeak-ng', args, input: text, complaint: noSound }];
    },
    problemWith: (voice) => (has(voice) ? undefined : noVoice('espeak-ng', voice)),
  };
}

const noSound = {
  pattern: /^error: /im,
  meaning: 'did not get through to a loudspeaker',
};

/** What espeak-ng makes of a voice that is a man's by default. */
function espeakVariant({ gender, isSecond }: Voice): string {
  if (gender === 'f') return isSecond ? '+f4' : '+f2';
  if (gender === 'm') return isSecond ? '+m7' : '+m3';
  return isSecond ? '+m4' : '';
}

/** Languages without their regions, from the columns "Language" and "Other Languages". */
export function parseEspeakLanguages(list: string): ReadonlySet<string> {
  const lines = list.split('\n').filter((line) => /^\s*\d/.test(line));
  const tags = lines.flatMap((line) => [
    line.trim().split(/\s+/)[1] ?? '',
    ...[...line.matchAll(/\(([a-z][a-z0-9-]*) \d+\)/gi)].map(([, tag = '']) => tag),
  ]);
  return new Set(tags.map((tag) => primaryLanguage(tag)).filter((tag) => tag !== ''));
}

/** Text goes to stdin; `[[`, with which its commands begin, is not in it. Source: the manual page say(1). */
async function createSay({ rate }: EngineSettings): Promise<Engine> {
  const voices = parseSayVoices(await listOf('say', ['-v', '?']));
  return {
    name: 'say',
    writesFiles: true,
    usesFile: false,
    steps({ text, voice }, file) {
      const name = voice.name ?? chooseSayVoice(voices, voice);
      const args = [
        ...(name === undefined ? [] : ['-v', name]),
        ...(rate === undefined ? [] : ['-r', String(rate)]),
        ...(file === undefined ? [] : ['-o', file, '--file-format=WAVE', '--data-format=LEI16@22050']),
        ...['-f', '-'],
      ];
      return [{ program: 'say', args, input: text }];
    },
    problemWith: (voice) =>
      voice.name === undefined && voices.length > 0 && chooseSayVoice(voices, voice) === undefined
        ? noVoice('say', voice)
        : undefined,
  };
}

/**
 * Text stands behind `--`. Its pipe mode would take it from stdin, but obeys lines that begin with `!-!`.
 * Source: the manual page spd-say(1).
 */
function createSpeechDispatcher({ rate }: EngineSettings): Engine {
  return {
    name: 'spd-say',
    writesFiles: false,
    usesFile: false,
    steps({ text, voice }) {
      const number = voice.isSecond ? 2 : 1;
      const sound =
        voice.name !== undefined
          ? ['-y', voice.name]
          : voice.gender !== undefined || voice.isSecond
            ? ['-t', `${voice.gender === 'f' ? 'female' : 'male'}${number}`]
            : [];
      const speed = rate === undefined ? [] : ['-r', String(toDispatcherRate(rate))];
      return [
        {
          program: 'spd-say',
          args: ['-w', '-l', voice.lang, ...sound, ...speed, '--', text],
          input: '',
        },
      ];
    },
    // Its server goes on without it.
    hush: { program: 'spd-say', args: ['-S'], input: '' },
    problemWith: () => undefined,
  };
}

/** From words a minute to -100 … 100, where 0 is about 175. */
function toDispatcherRate(rate: number): number {
  return Math.round(Math.max(-100, Math.min(100, ((rate - 175) / 175) * 100)));
}

function noVoice(program: string, { lang }: Voice): string {
  return `${program} has no voice for the language ${lang}; another one reads it, unless speech.voices names one`;
}

/** Empty where the program does not tell: it is asked again with each turn, and says what is wrong then. */
async function listOf(program: string, args: readonly string[]): Promise<string> {
  try {
    const listing = promisify(execFile)(program, args, { timeout: 10_000 });
    listing.child.stdin?.end();
    return (await listing).stdout;
  } catch {
    return '';
  }
}
