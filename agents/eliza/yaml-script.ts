import { messageOf } from '../../wire/errors.ts';
import { readLists, type Node } from './lists.ts';
import { missingPart, parsePattern, type Tags } from './pattern.ts';
import { readYaml, type YamlFile, type YamlPath } from './read-yaml.ts';
import { isKey, type ElizaScript, type Keyword, type Manner, type MemoryRule } from './script.ts';
import type { Pattern, Reassembly, Template, Transformation } from './script.ts';
import { yamlScriptSchema, type YamlScript } from './yaml-schema.ts';

/** Reads a script in YAML (`docs/eliza.md`). Throws ColloquyError `bad-script` with the place of every mistake. */
export function readYamlScript(source: string, path: string): ElizaScript {
  return new YamlScriptReader(readYaml(source, path, yamlScriptSchema)).read();
}

class YamlScriptReader {
  readonly #script: YamlScript;
  readonly #complain: YamlFile<YamlScript>['complain'];
  readonly #tags: Tags;
  readonly #links: { keyword: string; at: YamlPath }[] = [];

  constructor({ content, complain }: YamlFile<YamlScript>) {
    this.#script = content;
    this.#complain = complain;
    this.#tags = new Map(
      Object.entries(content.tags).map(([tag, words]) => [tag.toUpperCase(), new Set(words.map(upper))]),
    );
  }

  read(): ElizaScript {
    const { about, greetings, goodbyes, delimiters, none } = this.#script;
    const keywords = this.#readKeywords();
    const memories = this.#readMemories(keywords);
    this.#checkLinks(keywords);
    const nonePattern: Pattern = [{ type: 'any' }];
    return {
      about,
      greetings,
      goodbyes,
      manner: this.#readManner(),
      delimiters: new Set(delimiters.map(upper)),
      keywords,
      memories,
      none: {
        pattern: nonePattern,
        reassemblies: none.map((say, index) => ({
          type: 'say',
          template: this.#template(say, nonePattern, ['none', index]),
        })),
      },
    };
  }

  #readManner(): Manner {
    const { case: letters, clause, rotation, longest_echo, no_repeat_within, corrections } = this.#script;
    return {
      case: letters,
      clause,
      rotation,
      longestEchoWords: longest_echo ?? Infinity,
      noRepeatWithin: no_repeat_within,
      noMatch: [],
      corrections: Object.entries(corrections).map(([wrong, right]) => readCorrection(wrong, right)),
    };
  }

  #readKeywords(): Map<string, Keyword> {
    const keywords = new Map<string, Keyword>();
    for (const [index, { words, as, rank, rules, link }] of this.#script.keywords.entries()) {
      const at = ['keywords', index];
      const transformations = rules.map((rule, number) => this.#readRule(rule, [...at, 'rules', number]));
      if (link !== undefined) this.#links.push({ keyword: link, at: [...at, 'link'] });
      const target = link === undefined ? {} : { link: link.toUpperCase() };
      const substitute = as === undefined ? {} : { substitute: as };
      for (const [number, word] of words.map(upper).entries()) {
        if (keywords.has(word))
          this.#complain([...at, 'words', number], `there is a rule for "${word}" already`);
        keywords.set(word, { word, rank, transformations, ...target, ...substitute });
      }
    }
    return keywords;
  }

  #readRule({ when, say }: YamlScript['keywords'][number]['rules'][number], at: YamlPath): Transformation {
    const pattern = this.#pattern(when, [...at, 'when']);
    return {
      pattern,
      reassemblies: say.map((reply, index) => this.#readReply(reply, pattern, [...at, 'say', index])),
    };
  }

  #readReply(
    reply: string | { readonly pre: string; readonly then: string },
    pattern: Pattern,
    at: YamlPath,
  ): Reassembly {
    if (typeof reply === 'object') {
      this.#links.push({ keyword: reply.then, at: [...at, 'then'] });
      const template = this.#template(reply.pre, pattern, [...at, 'pre']);
      return { type: 'pre', template, keyword: reply.then.toUpperCase() };
    }
    if (reply.toLowerCase() === 'newkey') return { type: 'newkey' };
    if (!reply.startsWith('=')) return { type: 'say', template: this.#template(reply, pattern, at) };
    const keyword = reply.slice(1).trim();
    this.#links.push({ keyword, at });
    return { type: 'link', keyword: keyword.toUpperCase() };
  }

  #readMemories(keywords: ReadonlyMap<string, Keyword>): Map<string, MemoryRule[]> {
    const memories = new Map<string, MemoryRule[]>();
    for (const [index, { keyword, rules }] of this.#script.memory.entries()) {
      const at = ['memory', index];
      const word = keyword.toUpperCase();
      if (!keywords.has(word)) this.#complain([...at, 'keyword'], `there is no keyword "${keyword}"`);
      if (memories.has(word)) this.#complain([...at, 'keyword'], `"${keyword}" has memory rules already`);
      const read = rules.map(({ when, say }, number) => {
        const pattern = this.#pattern(when, [...at, 'rules', number, 'when']);
        return { pattern, template: this.#template(say, pattern, [...at, 'rules', number, 'say']) };
      });
      memories.set(word, read);
    }
    return memories;
  }

  #pattern(source: string, at: YamlPath): Pattern {
    const items = readPatternItems(source, (problem) => this.#complain(at, problem));
    for (const item of items) {
      const [first] = item.type === 'list' ? item.items : [];
      if (first?.type !== 'atom' || !first.text.startsWith('/')) continue;
      const names = (item.type === 'list' ? item.items : []).map((name) =>
        name.type === 'atom' ? name.text : '',
      );
      const unknown = names
        .map((name) => name.replace(/^\//, ''))
        .find((name) => name !== '' && !this.#tags.has(name));
      if (unknown !== undefined) this.#complain(at, `there is no tag "${unknown.toLowerCase()}"`);
    }
    return parsePattern(items, this.#tags, (_node, problem) => this.#complain(at, problem));
  }

  /** `{3}` is the third part. */
  #template(source: string, pattern: Pattern, at: YamlPath): Template {
    const template = source
      .split(/(\{\d{1,4}\})/)
      .filter((piece) => piece !== '')
      .map((piece) => (/^\{\d+\}$/.test(piece) ? Number(piece.slice(1, -1)) : piece));
    const missing = missingPart(template, pattern);
    if (missing !== undefined) this.#complain(at, `there is no part {${missing}} in the decomposition`);
    return template;
  }

  #checkLinks(keywords: ReadonlyMap<string, Keyword>): void {
    for (const { keyword, at } of this.#links) {
      const target = keywords.get(keyword.toUpperCase());
      if (!target) this.#complain(at, `there is no keyword "${keyword}"`);
      else if (!isKey(target)) this.#complain(at, `the keyword "${keyword}" has nothing to say`);
    }
  }
}

/** A decomposition inside a YAML text, still to be understood. */
export function readPatternItems(source: string, complain: (problem: string) => never): Node[] {
  try {
    return readLists(source, '');
  } catch (error) {
    // The place in the file is the one of the text, and not that inside of it.
    return complain(messageOf(error).replace(/^\S* /, ''));
  }
}

/** Words to be replaced as a whole; with ` .` behind them only at the end. */
export function readCorrection(source: string, right: string): { wrong: RegExp; right: string } {
  const atEnd = source.endsWith(' .');
  const words = source
    .replace(/ \.$/, '')
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[^\p{L}\p{N}']/gu, '\\$&'))
    .join('\\s+');
  const end = atEnd ? '$' : "(?![\\p{L}\\p{N}'])";
  return {
    wrong: new RegExp(`(?<![\\p{L}\\p{N}'])${words}${end}`, 'giu'),
    right: right.replace(/\$/g, '$$$$'),
  };
}

function upper(text: string): string {
  return text.toUpperCase();
}
