import assert from 'node:assert';
import { Console } from 'node:console';
import events from 'node:events';
import path from 'node:path';
import querystring from 'node:querystring';
import url from 'node:url';
import util from 'node:util';
import vm from 'node:vm';
import { createWriter, deno } from './deno-api.ts';
import { importName, prepareScript } from './javascript-source.ts';
import { scrubGlobals } from './scrub-globals.ts';
import { catchUncaught, openPort } from './worker-port.ts';

interface Ask {
  readonly op: 'run' | 'ping';
  readonly code: string;
  readonly test: boolean;
  readonly name: string;
}

interface Verdict {
  readonly outcome: 'ok' | 'failed';
  readonly detail?: string;
}

/** The modules that code may import: none of them reaches beyond its worker. */
const modules: Readonly<Record<string, object>> = {
  assert,
  'assert/strict': assert.strict,
  events,
  path,
  querystring,
  url,
  util,
};

const scope = globalThis as unknown as Record<string, unknown>;
const inspect = deno.inspect.bind(deno);
const write = createWriter(deno.stderr);
const encoder = new TextEncoder();
const print = (text: string): void => write(encoder.encode(text));
/** What went wrong beside the block: a rejection nobody caught, an assertion of the console. */
let mishap: string | undefined;

const port = await openPort<null>();
catchUncaught((error) => {
  print(`Uncaught ${describeError(error)}\n`);
  mishap ??= `an error that nobody caught: ${nameError(error)}`;
});
furnish();
port.serve(
  (ask) => ((ask as Ask).op === 'run' ? run(ask as Ask) : Promise.resolve({})),
  () => {},
);

async function run({ code, test, name }: Ask): Promise<Verdict> {
  mishap = undefined;
  try {
    const { script, isAsync, hasValue, isEmpty } = prepareScript(code, compiles);
    if (test && isEmpty) return failed('there is nothing in this test');
    const before = new Map(Object.entries(Object.getOwnPropertyDescriptors(globalThis)));
    const result: unknown = new vm.Script(script, { filename: name }).runInThisContext();
    // A promise as the last value is waited for: whoever writes main() at the end means that.
    const value: unknown = isAsync || hasValue ? await result : undefined;
    if (hasValue) {
      if (test && value === false)
        return failed('the last line is False; assert it if that is what must hold');
      if (value !== undefined && !isTimer(value)) print(`${show(value)}\n`);
    }
    if (test) await callTests(before, name);
    // What nobody catches is told after the microtasks are done.
    await new Promise((resolve) => later(resolve, 0));
    return test && mishap !== undefined ? failed(mishap) : { outcome: 'ok' };
  } catch (error) {
    print(`${describeError(error)}\n`);
    return failed(nameError(error));
  }
}

/** Functions that look like tests and are new, since whoever writes for a test runner leaves that to it. */
async function callTests(before: ReadonlyMap<string, PropertyDescriptor>, name: string): Promise<void> {
  for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(globalThis))) {
    if (!key.startsWith('test') || typeof value !== 'function' || before.get(key)?.value === value) continue;
    const test = value as () => unknown;
    if (test.length > 0 || /^class\b/.test(Function.prototype.toString.call(test))) continue;
    const result: unknown = await test();
    if (result === false) throw new Error(`${key} of ${name} returned false`);
  }
}

/** Takes away what reaches out of the worker, and adds what code expects to find. */
function furnish(): void {
  const stream = { write: (text: string) => (print(String(text)), true), on: nothing, once: nothing };
  const output = Object.assign(stream, { removeListener: nothing }) as unknown as NodeJS.WritableStream;
  const ownConsole = new Console({ stdout: output, stderr: output, colorMode: false, ignoreErrors: false });
  const assertByConsole = ownConsole.assert.bind(ownConsole);
  ownConsole.assert = (condition?: boolean, ...data: unknown[]) => {
    if (!condition) mishap ??= 'an assertion of the console failed';
    assertByConsole(condition, ...(data as [string?, ...unknown[]]));
  };
  scope['console'] = ownConsole;
  scope['assert'] = assert;
  scope['require'] = importModule;
  scope[importName] = (name: string) => toNamespace(importModule(name));
  scope[`${importName}Later`] = async (name: string) => toNamespace(importModule(name));
  scrubGlobals(['Buffer', 'assert', 'require', importName, `${importName}Later`]);
  const process = { env: {}, argv: [], platform: 'linux', exit: leave, exitCode: undefined };
  scope['process'] = process;
  scope['Deno'] = { exit: leave, inspect };
  scope['global'] = globalThis;
}

const later = setTimeout;

function importModule(name: unknown): object {
  const module = modules[String(name).replace(/^node:/, '')];
  if (module === undefined)
    throw new Error(
      `there is no module ${String(name)} in this sandbox; it has ${Object.keys(modules).join(', ')}`,
    );
  return module;
}

function toNamespace(module: object): object {
  return { ...module, default: module };
}

function leave(code: unknown = 0): never {
  throw new Error(`the code called exit(${String(code)}); it must run to its end`);
}

function compiles(script: string): boolean {
  try {
    return new vm.Script(script) instanceof vm.Script;
  } catch {
    return false;
  }
}

/** What setTimeout gives is nobody's result. */
function isTimer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && value.constructor?.name === 'Timeout';
}

function show(value: unknown): string {
  try {
    return inspect(value, { colors: false, depth: 6 });
  } catch {
    return 'a value that cannot be shown';
  }
}

/** The line it came from, the error, and its frames: as far as they are the author's. */
function describeError(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `Uncaught ${show(error)}`;
    const lines = String(error.stack ?? '').split('\n');
    const frames = lines.filter((line) => /^\s+at /.test(line) && !isOurs(line));
    const start = lines.findIndex((line) => line.startsWith(error.name));
    const source = start > 0 && !isOurs(lines[0] ?? '') ? lines.slice(0, start) : [];
    return [...source, `${error.name}: ${error.message}`, ...frames].join('\n');
  } catch {
    return 'an error that cannot be shown';
  }
}

function isOurs(line: string): boolean {
  return /(?:^|\(|\s)(?:ext|blob|node|file):/.test(line);
}

function nameError(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `Uncaught ${show(error)}`.slice(0, 500);
    const [first = ''] = error.message.split('\n');
    return `${error.name}: ${first}`.slice(0, 500);
  } catch {
    return 'an error that cannot be shown';
  }
}

function failed(detail: string): Verdict {
  return { outcome: 'failed', detail };
}

function nothing(): void {}
