import type { Language } from '../journal/block.ts';
import type { Rule } from './rule.ts';

/** What programs write, and nothing that this or another machine would start by itself. */
export const usualExtensions: readonly string[] = [
  'txt md csv tsv json jsonl yaml yml toml xml html css svg png jpg jpeg gif pdf npy npz pkl db sqlite',
  'py sh js ts sql ini cfg tex rst ipynb log out tmp bak dat bin gz zip',
  'xlsx parquet feather webp bmp tiff wav',
].flatMap((line) => line.split(' '));

/** What is fine within limits: names of hosts and files. */
export function defaultRestrictRules(
  allowedDomains: readonly string[],
  allowedExtensions: readonly string[],
): readonly Rule[] {
  const domains = [...allowedDomains, ...namesThatAreOnlyNames].map((domain) =>
    escape(domain.replace(/^(?:\*\.|\.)/, '')),
  );
  const allowedUrl = new RegExp(
    `^[a-z]{2,5}://(?:[^/?#@]{0,200}@)?(?:[\\w-]{1,63}\\.){0,9}(?:${domains.join('|')})(?=[:/?#]|$)`,
    'i',
  );
  const extensions = allowedExtensions.map((extension) => escape(extension.replace(/^\./, '')));
  const allowedFile = new RegExp(
    `\\.(?:${extensions.length > 0 ? extensions.join('|') : '(?!)'})["'\`]?$`,
    'i',
  );
  const restrictFiles = (language: Language, patterns: readonly string[]): readonly Rule[] =>
    patterns.map((pattern) => ({
      name: 'file extension',
      pattern: new RegExp(pattern, 'gm'),
      why: `files of this kind are not written here; choose another extension, such as ${allowedExtensions.slice(0, 4).join(', ') || '(none is allowed)'}`,
      unless: allowedFile,
      languages: [language],
      readsStrings: true,
    }));
  return [
    {
      name: 'domain',
      pattern: /\b(?:https?|ftps?|wss?):\/\/[^\s'"`<>\\)\]}]{1,300}/gi,
      why: 'this host is not in allowed_domains, and there is no network here anyway; put the data into the code',
      unless: allowedUrl,
      readsStrings: true,
    },
    ...restrictFiles('python', [
      // The mode comes after the name, and what is matched must end with the name.
      `\\b(?:open|Path)[ \\t]{0,9}\\([ \\t]{0,9}${literalName}(?=[ \\t]{0,9}(?:,[ \\t]{0,9}(?:mode[ \\t]{0,9}=[ \\t]{0,9})?|\\)\\.open\\([ \\t]{0,9}(?:mode=)?)["'][rbt]{0,2}[wax+])`,
      `\\bPath[ \\t]{0,9}\\([ \\t]{0,9}${literalName}(?=[ \\t]{0,9}\\)\\.write_(?:text|bytes)\\b)`,
      `\\.(?:savefig|savetxt|savez?|savez_compressed|to_(?:csv|json|excel|parquet|pickle|html|feather|hdf|xml|stata|markdown|latex))[ \\t]{0,9}\\([ \\t]{0,9}${literalName}`,
    ]),
    ...restrictFiles('bash', [
      `(?<![-=<>\\d&])>{1,2}[ \\t]{0,9}["']?[\\w./~-]{1,200}\\.[A-Za-z]\\w{0,15}(?![\\w./-])`,
    ]),
    ...restrictFiles('javascript', [
      `\\b(?:writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|writeTextFile|writeTextFileSync)[ \\t]{0,9}\\([ \\t]{0,9}${literalName}`,
    ]),
  ];
}

/** A literal with an extension; a name without one may be written. */
const literalName = `[rbuf]{0,2}(?:"[^"'\\n]{0,200}\\.[\\w-]{1,15}"|'[^"'\\n]{0,200}\\.[\\w-]{1,15}'|\`[^\`\\n]{0,200}\\.[\\w-]{1,15}\`)`;

/** Names of XML vocabularies, and what RFC 2606 keeps for examples: nobody means to go there. */
const namesThatAreOnlyNames = [
  ...['www.w3.org', 'schemas.openxmlformats.org', 'schemas.microsoft.com'],
  ...['example.com', 'example.org', 'example.net', 'example', 'test', 'invalid'],
];

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
