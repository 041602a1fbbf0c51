/** What a requirements file asks for, as far as it is packages by name. */
export interface Requirements {
  /** As pip takes them: `numpy>=1.26`. */
  readonly requirements: readonly string[];
  readonly refused: readonly RefusedLine[];
}

export interface RefusedLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
  /** One sentence. */
  readonly why: string;
}

/** More than that no program of a model's needs. */
const mostRequirements = 100;

/**
 * Reads the text of a requirements file. Names, extras, versions and markers count (PEP 508); URLs, paths and options of
 * pip are refused, since a model wrote them.
 */
export function readRequirements(text: string): Requirements {
  const requirements: string[] = [];
  const refused: RefusedLine[] = [];
  text.split(/\r?\n/).forEach((written, index) => {
    const line = written.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') return;
    const why = requirements.length < mostRequirements ? whyRefused(line) : 'there are too many';
    if (why === undefined) requirements.push(line);
    else refused.push({ line: index + 1, text: line, why });
  });
  return { requirements, refused };
}

const name = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?';
const version = String.raw`(?:===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9][A-Za-z0-9.*+!_-]{0,60}`;
const versions = String.raw`${version}(?:\s*,\s*${version}){0,9}`;
const extras = String.raw`\[\s*${name}(?:\s*,\s*${name}){0,9}\s*\]`;
const marker = String.raw`;[\w\s.'"<>=!~()-]{1,200}`;
const requirement = new RegExp(
  String.raw`^(${name})\s*(?:${extras})?\s*(?:${versions}|\(\s*${versions}\s*\))?\s*(?:${marker})?$`,
);

/** One sentence where that is not a package by its name, and perhaps its versions. */
export function whyRefused(text: string): string | undefined {
  if (text.length <= 500 && requirement.test(text) && !/[\r\n]/.test(text)) return undefined;
  if (text.startsWith('-')) return 'options of pip are not taken from here';
  if (/:\/\/|@/.test(text)) return 'packages come from the package index only, not from an address';
  if (/[/\\]/.test(text)) return 'packages come from the package index only, not from a path';
  return 'that is no name of a package with its versions, such as numpy or numpy>=1.26';
}

/** The package that a requirement asks for, as the index spells it (PEP 503): `Foo.Bar>=1` is `foo-bar`. */
export function packageOf(text: string): string {
  return normalize(requirement.exec(text)?.[1] ?? text);
}

/** The one spelling of a name that has many (PEP 503). */
export function normalize(packageName: string): string {
  return packageName.replace(/[-_.]+/g, '-').toLowerCase();
}

/** Whether a package can be called that. */
export function isPackageName(text: string): boolean {
  return new RegExp(`^${name}$`).test(text);
}
