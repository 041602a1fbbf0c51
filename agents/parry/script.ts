import { readScriptFile } from '../read-script-file.ts';
import type { Node } from '../eliza/lists.ts';
import { parsePattern } from '../eliza/pattern.ts';
import { readYaml, type YamlPath } from '../eliza/read-yaml.ts';
import type { Manner, Pattern } from '../eliza/script.ts';
import { readCorrection, readPatternItems } from '../eliza/yaml-script.ts';
import type { AffectRule, Levels } from './affects.ts';
import { parrySchema, type ParryContent } from './schema.ts';

/** What Parry is made of, ready for use. */
export interface ParryScript {
  readonly about: string;
  readonly greetings: readonly string[];
  readonly goodbyes: readonly string[];
  readonly affects: Readonly<Record<keyof Levels, AffectRule>>;
  /** The first that applies counts; the last one always does. */
  readonly moods: readonly Mood[];
  readonly cues: readonly Cue[];
  readonly story: {
    readonly below: Partial<Levels>;
    readonly changes: Levels;
    readonly pieces: readonly string[];
  };
  /** By the word in capitals: what it becomes when it is given back. */
  readonly swap: ReadonlyMap<string, string>;
  readonly corrections: Manner['corrections'];
}

export interface Mood {
  readonly name: string;
  readonly above: Partial<Levels>;
  readonly overrules: boolean;
  readonly insists: number;
  readonly replies: readonly string[];
}

export interface Cue {
  readonly name: string;
  readonly rank: number;
  readonly phrases: readonly Phrase[];
  readonly changes: Levels;
  readonly invited: boolean;
  /** By mood; `any` for all others. */
  readonly replies: ReadonlyMap<string, readonly string[]>;
}

export interface Phrase {
  readonly pattern: Pattern;
  /** The part that replies give back as `{it}`: what the last `0` of the phrase stood for. */
  readonly itPart?: number;
}

/** Cues that no words set off: a message said before, none at all, and one that is very long. */
const silentCues = ['again', 'silence', 'lecture'] as const;

/** Reads the script. Throws ColloquyError `bad-script` with the place of every mistake. */
export function loadParryScript(file: string): ParryScript {
  const { content, complain } = readYaml<ParryContent>(readScriptFile(file), file, parrySchema);
  const moodNames = new Set(['any', ...content.moods.map((mood) => mood.name)]);
  const last = content.moods.length - 1;
  if (Object.keys(content.moods[last]?.above ?? {}).length > 0) {
    complain(['moods', last, 'above'], 'the last mood is for all other cases and has no "above"');
  }
  for (const [index, { name, replies }] of content.moods.entries()) {
    if (replies.every(hasGap))
      complain(['moods', index, 'replies'], `the mood "${name}" needs a reply without {word}`);
  }
  const names = new Set<string>();
  const cues = content.cues.map((cue, index): Cue => {
    const at: YamlPath = ['cues', index];
    if (names.has(cue.name)) complain([...at, 'name'], `there is a cue "${cue.name}" already`);
    names.add(cue.name);
    const isSilent = (silentCues as readonly string[]).includes(cue.name);
    if (cue.hears.length === 0 && !isSilent) complain([...at, 'name'], `the cue "${cue.name}" hears nothing`);
    const byMood = Array.isArray(cue.replies) ? { any: cue.replies } : cue.replies;
    for (const mood of Object.keys(byMood)) {
      if (!moodNames.has(mood)) complain([...at, 'replies', mood], `there is no mood "${mood}"`);
    }
    const phrases = cue.hears.map((source, number) => {
      const where = [...at, 'hears', number];
      return readPhrase(source, (problem) => complain(where, problem));
    });
    return {
      name: cue.name,
      rank: cue.rank,
      phrases,
      changes: cue.changes,
      invited: cue.invited,
      replies: new Map(Object.entries(byMood)),
    };
  });
  return {
    ...content,
    moods: content.moods.map((mood) => ({ ...mood, above: defined(mood.above) })),
    cues,
    story: { ...content.story, below: defined(content.story.below) },
    swap: new Map(Object.entries(content.swap).map(([from, to]) => [from.toUpperCase(), to])),
    corrections: Object.entries(content.corrections).map(([wrong, right]) => readCorrection(wrong, right)),
  };
}

/** Whether a reply gives back something, and cannot be said without it. */
export function hasGap(reply: string): boolean {
  return /\{(?:it|word)\}/.test(reply);
}

/** A phrase may stand anywhere in a clause, so it is given a `0` on either side. */
function readPhrase(source: string, complain: (problem: string) => never): Phrase {
  const items = readPatternItems(source, complain);
  const terms = parsePattern(items, new Map(), (_node: Node | undefined, problem) => complain(problem));
  const any = { type: 'any' } as const;
  const before = terms[0]?.type === 'any' ? [] : [any];
  const after = terms.at(-1)?.type === 'any' ? [] : [any];
  const lastAny = terms.findLastIndex((term) => term.type === 'any');
  const itPart = lastAny < 0 ? {} : { itPart: before.length + lastAny };
  return { pattern: [...before, ...terms, ...after], ...itPart };
}

function defined(levels: { [name in keyof Levels]?: number | undefined }): Partial<Levels> {
  return Object.fromEntries(Object.entries(levels).filter(([, level]) => level !== undefined));
}
