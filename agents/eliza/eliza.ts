import { decompose } from './decompose.ts';
import { memoryChoice } from './memory-hash.ts';
import { echoesWell, prepare, reassemble } from './reassemble.ts';
import { scan } from './scan.ts';
import type { ElizaScript, Keyword, Template, Transformation } from './script.ts';
import { wordsOf, type Word } from './words.ts';

/** Links a chain may have: a script that computes something with PRE gets far, one that never ends gets NONE. */
const mostLinks = 20_000;
/** Words times decompositions tried for one reply; a tenth of a second or so. */
const mostWork = 5_000_000;
/** A text that PRE lets grow beyond this is given up. */
const mostWords = 5_000;
/** Memories kept; the oldest go first. The paper has no bound. */
const mostMemories = 100;

/**
 * The program of J. Weizenbaum, "ELIZA: a computer program for the study of natural language communication
 * between man and machine", CACM 9(1), 1966, driven by a script. The same messages always get the same
 * answers, given the same `random`.
 */
export class Eliza {
  readonly #script: ElizaScript;
  readonly #random: () => number;
  /** The reassembly that is next, for every decomposition that was used before. */
  readonly #next = new Map<Transformation, number>();
  readonly #memories: string[] = [];
  readonly #recent: string[] = [];
  /** The paper's "certain counting mechanism": 1 to 4, and a memory may come up at 4. */
  #limit = 1;

  constructor(script: ElizaScript, random: () => number) {
    this.#script = script;
    this.#random = random;
  }

  answer(message: string): string {
    this.#limit = (this.#limit % 4) + 1;
    const { words, keys } = scan(wordsOf(message), this.#script);
    const reply = keys.length === 0 ? this.#recall() : this.#transform(words, keys);
    return this.said(reply ?? this.#sayNone(words));
  }

  /** Notes a reply, so that it does not come again too soon. */
  said(reply: string): string {
    this.#recent.push(reply);
    if (this.#recent.length > this.#script.manner.noRepeatWithin) this.#recent.shift();
    return reply;
  }

  #recall(): string | undefined {
    return this.#limit === 4 ? this.#memories.shift() : undefined;
  }

  /** Follows the keystack, and the links from it, to a reply; `undefined` when it runs out. */
  #transform(words: readonly Word[], keys: readonly string[]): string | undefined {
    const stack = [...keys];
    let text = words;
    let work = 0;
    for (let links = 0; links < mostLinks && work < mostWork && text.length <= mostWords; links++) {
      const keyword = this.#script.keywords.get(stack.shift() ?? '');
      if (!keyword) return undefined;
      this.#layDownMemory(keyword.word, text);
      work += (text.length + 1) * (keyword.transformations.length + 1);
      const step = this.#apply(keyword, text);
      switch (step.type) {
        case 'reply':
          return step.text;
        case 'link':
          stack.unshift(step.keyword);
          text = step.words ?? text;
          break;
        case 'newkey':
          break;
        case 'no-match':
          return this.#script.manner.noMatch[this.#limit - 1];
      }
    }
    return undefined;
  }

  #layDownMemory(keyword: string, words: readonly Word[]): void {
    const rules = this.#script.memories.get(keyword);
    if (!rules) return;
    const rule = rules[memoryChoice(words.at(-1)?.key ?? '', rules.length)];
    const parts = rule && decompose(rule.pattern, words);
    if (!parts || !echoesWell(rule.template, parts, this.#script.manner)) return;
    this.#memories.push(reassemble(rule.template, parts, this.#script.manner));
    if (this.#memories.length > mostMemories) this.#memories.shift();
  }

  /** The first decomposition that fits says what comes next; in sentences, the first that has a fit reply. */
  #apply(keyword: Keyword, words: readonly Word[]): Step {
    let fitted = false;
    for (const transformation of keyword.transformations) {
      const parts = decompose(transformation.pattern, words);
      if (!parts) continue;
      fitted = true;
      const step = this.#reassemble(transformation, parts);
      if (step) return step;
    }
    if (keyword.link !== undefined) return { type: 'link', keyword: keyword.link };
    return { type: fitted ? 'newkey' : 'no-match' };
  }

  #reassemble(transformation: Transformation, parts: readonly (readonly Word[])[]): Step | undefined {
    const { reassemblies } = transformation;
    for (let tried = 0; tried < reassemblies.length; tried++) {
      const reassembly = reassemblies[this.#rotate(transformation)];
      if (!reassembly) break;
      switch (reassembly.type) {
        case 'newkey':
          return { type: 'newkey' };
        case 'link':
          return { type: 'link', keyword: reassembly.keyword };
        case 'pre':
          return { type: 'link', keyword: reassembly.keyword, words: prepare(reassembly.template, parts) };
        case 'say': {
          const text = this.#fitReply(reassembly.template, parts);
          if (text !== undefined) return { type: 'reply', text };
        }
      }
    }
    return undefined;
  }

  #rotate(transformation: Transformation): number {
    const count = transformation.reassemblies.length;
    const fresh = this.#script.manner.rotation === 'first' ? 0 : Math.floor(this.#random() * count);
    const current = this.#next.get(transformation) ?? fresh;
    this.#next.set(transformation, (current + 1) % count);
    return current;
  }

  #fitReply(template: Template, parts: readonly (readonly Word[])[]): string | undefined {
    if (!echoesWell(template, parts, this.#script.manner)) return undefined;
    const text = reassemble(template, parts, this.#script.manner);
    return this.#recent.includes(text) ? undefined : text;
  }

  /** The last resort, which every script must have. */
  #sayNone(words: readonly Word[]): string {
    const { none, manner } = this.#script;
    const step = this.#reassemble(none, [words]);
    if (step?.type === 'reply') return step.text;
    const first = none.reassemblies[0];
    return first?.type === 'say' ? reassemble(first.template, [words], manner) : '';
  }
}

type Step =
  | { readonly type: 'reply'; readonly text: string }
  | { readonly type: 'link'; readonly keyword: string; readonly words?: readonly Word[] }
  | { readonly type: 'newkey' }
  | { readonly type: 'no-match' };
