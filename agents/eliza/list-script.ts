import { badScript } from './bad-script.ts';
import { readLists, type List, type Node } from './lists.ts';
import { missingPart, parsePattern, type Complain, type Tags } from './pattern.ts';
import { isKey, type ElizaScript, type Keyword, type Manner, type MemoryRule } from './script.ts';
import type { Pattern, Reassembly, Template, Transformation } from './script.ts';

/**
 * Reads a script in the list notation of the appendix to the paper (CACM 9(1), 1966): the greeting, START,
 * the rules, MEMORY and NONE in any order, and perhaps `()` at the end. What such a script says is in
 * capitals. Throws ColloquyError `bad-script`.
 */
export function readListScript(source: string, path: string): ElizaScript {
  const nodes = readLists(source, path);
  const complain: Complain = (node, problem) => {
    throw badScript(path, node ?? { line: 1, column: 1 }, problem);
  };
  return new ListScriptReader(complain).read(nodes);
}

/** The program's own words; the last four are the paper's, for a rule that fits no text. */
const manner: Manner = {
  case: 'upper',
  clause: 'first',
  rotation: 'first',
  longestEchoWords: Infinity,
  noRepeatWithin: 0,
  corrections: [],
  noMatch: ['PLEASE CONTINUE', 'HMMM', 'GO ON , PLEASE', 'I SEE'],
};
const goodbyes = ['GOODBYE', 'GOODBYE. OUR TIME IS UP', 'UNTIL THE NEXT TIME'];
const about = 'I AM ELIZA. I GIVE BACK WHAT I AM TOLD, BY THE RULES OF A SCRIPT';

class ListScriptReader {
  readonly #complain: Complain;
  readonly #keywords = new Map<string, Keyword>();
  readonly #memories = new Map<string, readonly MemoryRule[]>();
  /** Every `=KEYWORD`, to be looked up when all keywords are known. */
  readonly #links: { node: Node; keyword: string }[] = [];
  #tags: Tags = new Map();

  constructor(complain: Complain) {
    this.#complain = complain;
  }

  read(nodes: readonly Node[]): ElizaScript {
    const [greeting, ...rest] = nodes;
    if (greeting?.type !== 'list')
      return this.#complain(greeting, 'a script begins with a list: the greeting');
    const rules = rest.filter(
      (node, index) => !(index === 0 && node.type === 'atom' && node.text === 'START'),
    );
    this.#tags = collectTags(rules);
    for (const rule of rules) this.#readRule(rule);
    const none = this.#keywords.get('NONE')?.transformations[0];
    if (!none) return this.#complain(nodes.at(-1), 'the script has no rule for NONE');
    this.#keywords.delete('NONE');
    this.#checkLinks();
    return {
      greetings: [this.#template(greeting.items).join('').trim()],
      goodbyes,
      about,
      manner,
      delimiters: new Set([',', '.', 'BUT']),
      keywords: this.#keywords,
      memories: this.#memories,
      none,
    };
  }

  #readRule(rule: Node): void {
    if (rule.type === 'atom')
      return this.#complain(rule, `expected a rule in parentheses and not ${rule.text}`);
    const [head, ...body] = rule.items;
    if (!head) return;
    if (head.type === 'list') return this.#complain(head, 'a rule begins with its keyword');
    if (head.text === 'MEMORY') this.#readMemory(rule, body);
    else this.#readKeyword(rule, head.text, body);
  }

  #readMemory(rule: List, [keyword, ...forms]: readonly Node[]): void {
    if (keyword?.type !== 'atom') return this.#complain(rule, 'MEMORY is followed by a keyword');
    if (this.#memories.size > 0) this.#complain(rule, 'there is a MEMORY rule already');
    // Two bits of the hash choose among them.
    if (forms.length !== 4) this.#complain(rule, `MEMORY needs four rules and has ${forms.length}`);
    const rules = forms.map((form) => {
      const items = form.type === 'list' ? form.items : [];
      const equals = items.findIndex((item) => item.type === 'atom' && item.text === '=');
      if (equals < 1) this.#complain(form, 'expected (decomposition = reassembly)');
      const pattern = parsePattern(items.slice(0, equals), this.#tags, this.#complain);
      return { pattern, template: this.#checkedTemplate(form, items.slice(equals + 1), pattern) };
    });
    this.#memories.set(keyword.text, rules);
    this.#links.push({ node: keyword, keyword: keyword.text });
  }

  #readKeyword(rule: List, word: string, body: readonly Node[]): void {
    if (this.#keywords.has(word)) this.#complain(rule, `there is a rule for ${word} already`);
    if (body.length === 0) this.#complain(rule, `the rule for ${word} is empty`);
    const keyword = { word, rank: 0, transformations: [] as Transformation[] };
    const named: { substitute?: string; link?: string } = {};
    for (let at = 0; at < body.length; at++) {
      const item = body[at] as Node;
      const next = body[at + 1];
      if (item.type === 'list') {
        const link = this.#linkOf(item);
        if (link !== undefined) named.link = link;
        else keyword.transformations.push(this.#readTransformation(item));
      } else if (item.text === '=' && next?.type === 'atom') {
        named.substitute = next.text;
        at++;
      } else if (item.text === 'DLIST' && next?.type === 'list') {
        at++;
      } else if (/^\d{1,6}$/.test(item.text)) {
        keyword.rank = Number(item.text);
      } else {
        this.#complain(item, `${item.text} makes no sense here`);
      }
    }
    this.#keywords.set(word, { ...keyword, ...named });
  }

  #readTransformation(item: List): Transformation {
    const [form, ...replies] = item.items;
    if (form?.type !== 'list') return this.#complain(item, 'expected ((decomposition) (reassembly) …)');
    if (form.items.length === 0) this.#complain(form, 'a decomposition cannot be empty');
    if (replies.length === 0) this.#complain(item, 'this decomposition has no reassembly');
    const pattern = parsePattern(form.items, this.#tags, this.#complain);
    return { pattern, reassemblies: replies.map((reply) => this.#readReassembly(reply, pattern)) };
  }

  #readReassembly(node: Node, pattern: Pattern): Reassembly {
    if (node.type === 'atom') return this.#complain(node, 'a reassembly stands in parentheses');
    const link = this.#linkOf(node);
    if (link !== undefined) return { type: 'link', keyword: link };
    const [first, second, third] = node.items;
    if (first?.type === 'atom' && first.text === 'NEWKEY' && !second) return { type: 'newkey' };
    if (first?.type === 'atom' && first.text === 'PRE' && second?.type === 'list') {
      const keyword = third?.type === 'list' ? this.#linkOf(third) : undefined;
      if (keyword === undefined || node.items.length !== 3) {
        return this.#complain(node, 'expected (PRE (reassembly) (=KEYWORD))');
      }
      return { type: 'pre', template: this.#checkedTemplate(second, second.items, pattern), keyword };
    }
    return { type: 'say', template: this.#checkedTemplate(node, node.items, pattern) };
  }

  #linkOf({ items: [first, second, ...more] }: List): string | undefined {
    if (first?.type !== 'atom' || first.text !== '=') return undefined;
    if (second?.type !== 'atom' || more.length > 0) return this.#complain(first, 'one keyword follows the =');
    this.#links.push({ node: second, keyword: second.text });
    return second.text;
  }

  #checkedTemplate(node: Node, items: readonly Node[], pattern: Pattern): Template {
    const template = this.#template(items);
    const missing = missingPart(template, pattern);
    if (missing === undefined) return template;
    return this.#complain(node, `there is no part ${missing} in the decomposition`);
  }

  #template(items: readonly Node[]): Template {
    return items.flatMap((item) => {
      if (item.type === 'list') return this.#complain(item, 'no list may stand in a reassembly');
      return [/^\d+$/.test(item.text) ? Number(item.text) : item.text, ' '];
    });
  }

  #checkLinks(): void {
    for (const { node, keyword } of this.#links) {
      const target = this.#keywords.get(keyword);
      if (!target) this.#complain(node, `there is no rule for ${keyword}`);
      else if (!isKey(target)) this.#complain(node, `the rule for ${keyword} has nothing to say`);
    }
  }
}

/** Tags are used before the words that carry them have been read. */
function collectTags(rules: readonly Node[]): Tags {
  const tags = new Map<string, Set<string>>();
  for (const rule of rules) {
    if (rule.type === 'atom' || rule.items[0]?.type !== 'atom') continue;
    const word = rule.items[0].text;
    for (const [index, item] of rule.items.entries()) {
      const list = rule.items[index + 1];
      if (item.type !== 'atom' || item.text !== 'DLIST' || list?.type !== 'list') continue;
      for (const name of list.items) {
        const tag = name.type === 'atom' ? name.text.replace(/^\//, '') : '';
        if (tag !== '') tags.set(tag, (tags.get(tag) ?? new Set()).add(word));
      }
    }
  }
  return tags;
}
