import { deno } from './deno-api.ts';

/**
 * The modules of this folder as addresses that can be loaded when nothing can be read any more: their
 * text is kept in memory, with the modules it imports.
 */
export class ModuleTexts {
  readonly #folder: URL;
  readonly #urls = new Map<string, string>();

  constructor(folder: URL) {
    this.#folder = folder;
  }

  /** Throws when the module, or one that it imports, is not there. Only the first call for a name reads. */
  urlOf(name: string): string {
    const known = this.#urls.get(name);
    if (known !== undefined) return known;
    const text = deno
      .readTextFileSync(new URL(name, this.#folder))
      .replace(/from ["']\.\/([\w-]+\.js)["']/g, (_, imported: string) => `from '${this.urlOf(imported)}'`);
    const url = toModuleUrl(text);
    this.#urls.set(name, url);
    return url;
  }
}

export function toModuleUrl(text: string | Uint8Array<ArrayBuffer>): string {
  return URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
}
