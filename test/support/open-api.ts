import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { Answer } from './web.ts';

interface Operation {
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly schema: { readonly type?: string | readonly string[] };
  }[];
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: object }>>;

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const documentName = 'http://colloquy.example/openapi.json';

/** A description of an API, and what was found of it to be true. */
export class Described {
  /** `get /api/meetings 200`: the answers that came, each as it is described. */
  readonly seen = new Set<string>();
  readonly #document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: OpenApi) {
    this.#document = closed(document) as OpenApi;
    this.#ajv.addSchema({ ...this.#document, $id: documentName });
  }

  /** `get /api/meetings`, of all operations. */
  get operations(): readonly string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
  }

  /** Names in a path that no parameter describes, and the other way round. */
  get strayParameters(): readonly string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) => {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();
      return Object.entries(methods).flatMap(([method, { parameters = [] }]) => {
        const named = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
        return named.sort().join() === inPath.join() ? [] : [`${method} ${path}: ${named.join()}`];
      });
    });
  }

  get parameterTypes(): readonly string[] {
    return Object.values(this.#document.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ parameters = [] }) =>
        parameters.flatMap(({ schema }) => schema.type ?? []),
      ),
    );
  }

  /** Fails unless what was answered is what the description of that operation says. */
  expectAnswer(method: string, path: string, { status, headers, text }: Answer): void {
    const name = `${method} ${path}`;
    const responses = this.#document.paths[path]?.[method]?.responses ?? {};
    const key = [String(status), `${Math.floor(status / 100)}XX`].find((one) => responses[one]);
    expect(status, `${name}: ${text.slice(0, 300)}`).not.toBe(500);
    expect(key, `${name} is not said to answer ${status}: ${text.slice(0, 300)}`).toBeDefined();
    const content = responses[key ?? '']?.content;
    this.seen.add(`${name} ${key}`);
    if (!content) return expect([status, text], name).toEqual([204, '']);
    const type = (headers['content-type'] ?? '').split(';')[0] ?? '';
    const types = Object.keys(content);
    expect(types.includes(type) || types.includes('*/*') ? type : types, name).toBe(type);
    if (type !== 'application/json' || !types.includes(type)) return;
    const pointer = ['paths', path, method, 'responses', key ?? '', 'content', type, 'schema'];
    this.#expectFits(`#/${pointer.map(pointerPart).join('/')}`, JSON.parse(text), `${name} ${status}`);
  }

  /** Fails unless it is what the component of that name describes. */
  expectComponent(name: string, value: unknown): void {
    this.#expectFits(`#/components/schemas/${name}`, value, name);
    this.seen.add(name);
  }

  #expectFits(pointer: string, value: unknown, what: string): void {
    const validate =
      this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `${documentName}${pointer}` });
    this.#validators.set(pointer, validate);
    validate(value);
    expect(validate.errors ?? [], what).toEqual([]);
  }
}

function pointerPart(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** The same, where nothing may be answered that is not described: what has to be read by programs must be known to them. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, closed(part)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  if (copy['type'] === 'object' && 'properties' in copy) copy['additionalProperties'] ??= false;
  return copy;
}
