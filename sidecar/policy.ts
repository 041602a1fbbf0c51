import { compileRulePattern } from '../config/rule-pattern.ts';
import type { ExecutionConfig } from '../config/schema.ts';
import type { Block } from '../journal/block.ts';
import { defaultBlockRules } from './default-rules.ts';
import { maskCode } from './mask-code.ts';
import { defaultRestrictRules, usualExtensions } from './restrict-rules.ts';
import type { Rule } from './rule.ts';

/** Why a block is not run. */
export interface Refusal {
  /** The name of a built-in rule, or `block rule 2` for one of the settings. */
  readonly rule: string;
  readonly why: string;
  /** In the code, from 1. */
  readonly line: number;
  /** One sentence for the author: line, match, rule, why, and what to do instead. */
  readonly message: string;
}

/**
 * What code is refused before it is run. It is a courtesy: it tells an author at once what could not work
 * anyway, and keeps honest code from doing harm by mistake. Who means to get around it will; what keeps
 * strangers' code apart from everything else is the tier.
 */
export interface Policy {
  check(block: Pick<Block, 'code' | 'language'>): Refusal | undefined;
}

export type PolicyConfig = Pick<
  ExecutionConfig,
  'policy' | 'block' | 'restrict' | 'allowed_domains' | 'allowed_extensions'
>;

/**
 * The rules of `config`, or the built-in ones for a list that it does not give. The settings have been
 * loaded, so their patterns are regular expressions.
 */
export function createPolicy(config: PolicyConfig): Policy {
  if (!config.policy) return { check: () => undefined };
  const rules = [
    ...(config.block?.map((rule, index) => compile(rule, `block rule ${index + 1}`)) ?? defaultBlockRules()),
    ...(config.restrict?.map((rule, index) => compile(rule, `restrict rule ${index + 1}`)) ??
      defaultRestrictRules(config.allowed_domains, config.allowed_extensions ?? usualExtensions)),
  ];
  return { check: (block) => check(block, rules) };
}

type ConfigRule = NonNullable<ExecutionConfig['block']>[number];

/** A rule of the settings sees strings, too: whoever writes it can say what it is not to match. */
function compile({ pattern, why, unless, languages }: ConfigRule, name: string): Rule {
  return {
    name,
    pattern: compileRulePattern(pattern),
    why,
    languages,
    unless: unless === undefined ? undefined : compileRulePattern(unless, 'm'),
    readsStrings: true,
  };
}

/** The longest code that is looked at; a turn is not longer unless `max_frame_bytes` was raised. */
const longestCode = 1_048_576;

/** The first place in the code that a rule refuses, and of several rules there the first. */
function check(
  { code: text, language }: Pick<Block, 'code' | 'language'>,
  rules: readonly Rule[],
): Refusal | undefined {
  const masked = maskCode(text.slice(0, longestCode), language);
  let first: { readonly rule: Rule; readonly index: number; readonly match: string } | undefined;
  for (const rule of rules) {
    if (rule.languages && !rule.languages.includes(language)) continue;
    for (const { 0: match, index } of (rule.readsStrings ? masked.code : masked.bare).matchAll(
      rule.pattern,
    )) {
      if (rule.unless?.test(match)) continue;
      if (!first || index < first.index) first = { rule, index, match };
      break;
    }
  }
  return first && toRefusal(text, first.rule, first.index, first.match);
}

function toRefusal(text: string, { name, why }: Rule, index: number, match: string): Refusal {
  const start = index + match.length - match.trimStart().length;
  const line = text.slice(0, start).split('\n').length;
  const shown = excerpt(text.slice(start, index + match.length));
  const message = `line ${line}: \`${shown}\` is refused by the rule "${name}": ${why}`;
  return { rule: name, why, line, message };
}

const longestExcerpt = 60;
function excerpt(match: string): string {
  const plain = match
    .replace(/[\s\p{C}]+/gu, ' ')
    .replaceAll('`', "'")
    .trim();
  return plain.length > longestExcerpt ? `${plain.slice(0, longestExcerpt)}…` : plain;
}
