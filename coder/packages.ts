import type { Votes } from './events.ts';
import { standardModules } from './standard-library.ts';

/** What came out of asking several times which packages a program needs. */
export interface MergedPackages {
  /** As pip takes them, in alphabetical order. */
  readonly packages: readonly string[];
  readonly votes: readonly Votes[];
  /** What was left out, and why, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Those that at least half of the readable answers name. A package that one answer alone came up with may not
 * even exist, or be somebody's trap; one that is missing shows itself as soon as the program is run.
 */
export function mergePackages(
  answers: readonly (readonly string[])[],
  ownModules: readonly string[] = [],
): MergedPackages {
  const notes = new Set<string>();
  const votes = new Map<string, { count: number; versions: Map<string, number> }>();
  for (const answer of answers) {
    const named = new Map<string, string>();
    for (const text of answer) {
      const read = readPackage(text, ownModules);
      if (read.type === 'package') named.set(read.name, read.version);
      else notes.add(read.why);
    }
    for (const [name, version] of named) {
      const entry = votes.get(name) ?? { count: 0, versions: new Map<string, number>() };
      entry.count++;
      entry.versions.set(version, (entry.versions.get(version) ?? 0) + 1);
      votes.set(name, entry);
    }
  }
  const of = answers.length;
  const sorted = [...votes].sort(([one], [other]) => one.localeCompare(other, 'en'));
  const isWanted = (count: number): boolean => count * 2 >= of;
  for (const [name, { count }] of sorted) {
    if (!isWanted(count)) notes.add(`${name} is left out: only ${count} of ${of} answers name it`);
  }
  return {
    packages: sorted
      .filter(([, { count }]) => isWanted(count))
      .map(([name, { versions, count }]) => name + commonVersion(versions, count)),
    votes: sorted.map(([name, { count }]) => ({ name, votes: count, of })),
    notes: [...notes],
  };
}

/** The packages that an answer names: a JSON array somewhere in it, or a line for each. Undefined: it cannot be read. */
export function packagesIn(reply: string): readonly string[] | undefined {
  const json = /\[[^[\]]*(?:\[[^[\]]*\][^[\]]*)*\]/.exec(reply)?.[0];
  try {
    const value: unknown = json === undefined ? undefined : JSON.parse(json);
    if (Array.isArray(value)) {
      const names = value.filter((each) => typeof each === 'string' && !noPackage.test(each.trim()));
      return (names as string[]).slice(0, mostPackages);
    }
  } catch {
    // Not JSON after all; perhaps it is a list.
  }
  const lines = reply
    .split(/\r?\n/)
    .filter((line) => !/^\s*(?:```|~~~)/.test(line))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const names = lines.flatMap(packagesInLine).filter((name) => !noPackage.test(name));
  if (names.length > 0) return names.slice(0, mostPackages);
  if (reply.trim() !== '' && lines.every((line) => noPackage.test(line.replace(/\.$/, '')))) return [];
  return /\b(?:none|no (?:third-party |external )?packages|standard library)\b/i.test(reply) ? [] : undefined;
}

/** A line of a list, with what it says of the package left out: `- **numpy**: arrays`; or names with commas between. */
function packagesInLine(line: string): readonly string[] {
  const isItem = listItem.test(line);
  const bare = line
    .replace(listItem, '')
    .replace(/^(?:[$!%] ?)?(?:python3? -m )?pip3? install /, '')
    .replace(/\s+#.*$/, '')
    .replace(/`|\*\*+/g, '');
  const said = isItem ? bare.replace(/(?:\s+[-–—]\s|:(?:\s|$)|\s*\().*$/, '') : bare;
  const whole = said.replace(/,$/, '').trim();
  if (isRequirement(whole)) return [whole];
  const isCommand = /\bpip3? install /.test(line);
  const several = whole
    .split(isCommand ? /[\s,]+/ : /\s*,\s*/)
    .map((name) => name.replace(/^(["'])(.*)\1$/, '$2'));
  return isCommand ? several.filter(isRequirement) : several.every(isRequirement) ? several : [];
}

const listItem = /^(?:[-*+•]|\d+[.)])\s+/;

/** No package has a longer name; what comes in its place is not worth asking for. */
function isRequirement(text: string): boolean {
  return text.length <= 120 && requirement.test(text);
}

/** What stands where a package could, and is none: a word for nothing, or the name of the file that lists them. */
const noPackage = /^(?:none|nothing|null|nil|n\/a|empty|requirements\.txt)$/i;

/** Nobody's program needs more, and each costs time and room. */
const mostPackages = 50;

/** A name and perhaps versions. Source: PEP 508, without extras' spaces, markers and addresses. */
const requirement =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\[[A-Za-z0-9._,-]+\])?)\s*((?:(?:[<>=!~]=|[<>]|===)\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*)$/;

/** The package behind a name, or why there is none. */
export function readPackage(
  text: string,
  ownModules: readonly string[] = [],
): { type: 'package'; name: string; version: string } | { type: 'none'; why: string } {
  const shown = JSON.stringify(text.slice(0, 60));
  const [, written = '', version = ''] = requirement.exec(text.trim()) ?? [];
  if (written === '') return { type: 'none', why: `${shown} is no name of a package` };
  const extras = /\[.*\]$/.exec(written)?.[0] ?? '';
  const bare = written.slice(0, written.length - extras.length);
  const byImport = packageOfModule(bare);
  if (byImport !== undefined)
    return { type: 'package', name: byImport + extras, version: version.replace(/\s/g, '') };
  if (isStandard(bare)) return { type: 'none', why: `${bare} is part of Python` };
  if (ownModules.includes(bare)) return { type: 'none', why: `${bare} is the program itself` };
  return { type: 'package', name: canonical(bare) + extras, version: version.replace(/\s/g, '') };
}

/** One spelling for each package. Source: PEP 503. */
export function canonical(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/** The name before versions and extras. */
export function nameOf(text: string): string {
  return /^[A-Za-z0-9._-]+/.exec(text)?.[0] ?? text;
}

function isStandard(name: string): boolean {
  const [first = ''] = name.split('.');
  return standardModules.has(first.toLowerCase().replaceAll('-', '_'));
}

function packageOfModule(name: string): string | undefined {
  return packagesByModule.get(name) ?? packagesByModule.get(name.split('.')[0] ?? '');
}

function commonVersion(versions: ReadonlyMap<string, number>, count: number): string {
  const [version = '', times = 0] = [...versions].sort(([, one], [, other]) => other - one)[0] ?? [];
  return times * 2 > count || versions.size === 1 ? version : '';
}

/** What is imported under another name than it is installed under. */
const packagesByModule: ReadonlyMap<string, string> = new Map(
  `attr attrs, Bio biopython, bs4 beautifulsoup4, Crypto pycryptodome, Cryptodome pycryptodomex, cairo pycairo,
  cv2 opencv-python-headless, dateutil python-dateutil, discord discord.py, docx python-docx, dotenv python-dotenv,
  fitz pymupdf, git gitpython, github pygithub, gi pygobject, Image pillow, jose python-jose, jwt pyjwt,
  kafka kafka-python, ldap python-ldap, magic python-magic, markdown markdown, MySQLdb mysqlclient, OpenSSL pyopenssl,
  PIL pillow, pkg_resources setuptools, pptx python-pptx, psycopg2 psycopg2-binary, pywt pywavelets,
  serial pyserial, skimage scikit-image, sklearn scikit-learn, slugify python-slugify, socks pysocks,
  telegram python-telegram-bot, umap umap-learn, usb pyusb, websocket websocket-client, wx wxpython,
  Xlib python-xlib, yaml pyyaml, zmq pyzmq`
    .split(/,\s*/)
    .map((pair) => pair.trim().split(' ') as [string, string]),
);
