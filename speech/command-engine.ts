import path from 'node:path';
import { splitWords } from '../agents/providers/split-words.ts';
import { findProgram } from '../sidecar/tiers/find-program.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { Engine, EngineSettings, Utterance } from './engines.ts';
import type { Step } from './run-program.ts';
import { primaryLanguage } from './voices.ts';

/** Words of a template that are filled in; none of them holds anything that a model wrote. */
const placeholders = ['lang', 'language', 'gender', 'voice', 'rate', 'file'] as const;
type Placeholder = (typeof placeholders)[number];

/**
 * Any program that reads a text from stdin and speaks it, or writes it to the WAV file `{file}`, which a
 * player plays. Throws ColloquyError `no-speech`.
 */
export function createCommandEngine(settings: EngineSettings, { toFile }: { toFile: boolean }): Engine {
  const template = readTemplate('speech.command', settings.command);
  const writesFiles = template.some((word) => word.includes('{file}'));
  if (toFile && !writesFiles) {
    throw problem('speech.command cannot write a file: put {file} where the name of the WAV file goes');
  }
  const player = writesFiles && !toFile ? findPlayer(settings.player) : undefined;
  const [program = ''] = template;
  return {
    name: program,
    writesFiles,
    steps(utterance, file) {
      const say = toStep(template, valuesOf(utterance, settings.rate, file), utterance.text);
      return player === undefined
        ? [say]
        : [say, toStep(player, valuesOf(utterance, settings.rate, file), '')];
    },
    usesFile: player !== undefined,
    problemWith: () => undefined,
  };
}

function valuesOf(
  { voice }: Utterance,
  rate: number | undefined,
  file: string | undefined,
): { readonly [name in Placeholder]: string } {
  return {
    lang: voice.lang,
    language: primaryLanguage(voice.lang),
    gender: voice.gender ?? '',
    voice: voice.name ?? '',
    rate: rate === undefined ? '' : String(rate),
    file: file ?? '',
  };
}

function toStep(
  template: readonly string[],
  values: { readonly [name in Placeholder]: string },
  input: string,
): Step {
  const [program = '', ...args] = template.map((word, index) =>
    index === 0 ? word : word.replace(anyPlaceholder, (_, name: Placeholder) => values[name]),
  );
  return { program, args, input };
}

const anyPlaceholder = new RegExp(`\\{(${placeholders.join('|')})\\}`, 'g');

function readTemplate(key: string, template: EngineSettings['command']): readonly string[] {
  if (template === undefined) throw problem(`${key} is not set: say which program speaks (docs/speech.md)`);
  const words = typeof template === 'string' ? splitWords(template) : template;
  if (!words) throw problem(`a quote is not closed in ${key}: ${String(template)}`);
  const [program = ''] = words;
  const unknown = words.flatMap((word) => word.match(/\{[a-z_]+\}/g) ?? []).find((found) => !isKnown(found));
  if (unknown !== undefined) {
    throw problem(
      `${key} holds ${unknown}, which is none of ${placeholders.map((name) => `{${name}}`).join(', ')}`,
    );
  }
  if (!isThere(program))
    throw problem(`${key} names ${JSON.stringify(program)}, which is not there; give its path`);
  return words;
}

function isKnown(found: string): boolean {
  return placeholders.some((name) => found === `{${name}}`);
}

/** A path, relative to the working folder or not, is left to the system. */
function isThere(program: string): boolean {
  return program !== '' && (program.includes(path.sep) || findProgram(program) !== undefined);
}

const players = [
  ['afplay', '{file}'],
  ['pw-play', '{file}'],
  ['paplay', '{file}'],
  ['aplay', '-q', '{file}'],
] as const;

function findPlayer(player: EngineSettings['player']): readonly string[] {
  if (player !== undefined) return readTemplate('speech.player', player);
  const found = players.find(([program]) => findProgram(program) !== undefined);
  if (found) return found;
  throw problem(
    'speech.command writes a file, and nothing here plays it: `apt-get install alsa-utils` brings aplay, or set speech.player',
  );
}

function problem(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'no-speech' });
}
