import { createWriter, deno } from './deno-api.ts';
import { limitFiles, type MemoryFiles } from './memory-files.ts';
import { scrubGlobals } from './scrub-globals.ts';
import type { PythonParts } from './settings.ts';
import { catchUncaught, openPort } from './worker-port.ts';

/** What this file uses of Pyodide; see pyodide.d.ts, and its `loadPyodide` for the two options with `_`. */
interface Pyodide {
  readonly FS: MemoryFiles;
  runPython(code: string): unknown;
  makeMemorySnapshot(): Uint8Array;
  setInterruptBuffer(buffer: Uint8Array): void;
  setStdout(options: StreamOptions): void;
  setStderr(options: StreamOptions): void;
}
interface StreamOptions {
  write(bytes: Uint8Array): number;
  readonly isatty: boolean;
}
type PythonFunction = ((...args: readonly unknown[]) => string) & {
  callPromising(...args: readonly unknown[]): Promise<string>;
};
interface PythonDriver {
  readonly run: PythonFunction;
  readonly stop: PythonFunction;
  readonly put: PythonFunction;
  readonly get: PythonFunction;
}
interface Ask {
  readonly op: 'start' | 'run' | 'put' | 'get' | 'ping';
  readonly code: string;
  readonly test: boolean;
  readonly name: string;
  readonly seconds: number;
  readonly path: string;
  readonly base64: string;
  readonly offset: number;
  readonly length: number;
}

/** Where Pyodide believes to come from: nothing is fetched from there. */
const nowhere = 'https://pyodide.invalid/';
/** What programs of models import most; in the snapshot it costs nothing. */
const preloaded =
  'asyncio, abc, bisect, collections, contextlib, copy, csv, dataclasses, datetime, decimal, enum, fractions, ' +
  'functools, hashlib, heapq, io, itertools, json, math, operator, os, pathlib, random, re, statistics, string, ' +
  'tempfile, textwrap, time, traceback, typing, unittest, uuid';

const parseJson = JSON.parse;
const print = createWriter(deno.stderr);
const encoder = new TextEncoder();
const port = await openPort<PythonParts>();
catchUncaught((error) => print(encoder.encode(`${String(error)}\n`)));
let driver: PythonDriver | undefined;
let interrupts: Uint8Array | undefined;
port.serve(
  async (ask) => {
    if ((ask as Ask).op === 'start') return start(port.given);
    if (driver === undefined) throw new Error('Python was not started');
    return answer(driver, ask as Ask);
  },
  () => {
    // Whoever gets here waits: what was meant for code that computes would hit the call below.
    if (interrupts) interrupts[0] = 0;
    driver?.stop();
  },
);

async function answer({ run, put, get }: PythonDriver, ask: Ask): Promise<object> {
  switch (ask.op) {
    case 'run':
      return parseJson(await run.callPromising(ask.code, ask.test, ask.name, ask.seconds)) as object;
    case 'put':
      return parseJson(put(ask.path, ask.base64)) as object;
    case 'get':
      return parseJson(get(ask.path, ask.offset, ask.length)) as object;
    default:
      return {};
  }
}

async function start(parts: PythonParts): Promise<object> {
  const pyodide = await load(parts);
  if (parts.snapshot === undefined) {
    if (parts.makesSnapshot) pyodide.runPython(`import ${preloaded}`);
    addModule(pyodide, '_colloquy_session', parts.sessionSource);
    addModule(pyodide, '_colloquy_driver', parts.pythonSideSource);
  }
  if (parts.makesSnapshot) return { snapshot: pyodide.makeMemorySnapshot() };
  const stream: StreamOptions = { write: writeOutput, isatty: false };
  pyodide.setStdout(stream);
  pyodide.setStderr(stream);
  driver = pyodide.runPython('import sys; sys.modules["_colloquy_driver"].start()') as PythonDriver;
  limitFiles(pyodide.FS, parts.diskBytes);
  interrupts = parts.interrupts;
  pyodide.setInterruptBuffer(interrupts);
  // Deno's own console writes to the descriptor that the answers go over.
  const printLine = (...parts: unknown[]): void => print(encoder.encode(`${parts.map(String).join(' ')}\n`));
  const browser = globalThis as unknown as Record<string, unknown>;
  browser['console'] = {
    log: printLine,
    info: printLine,
    warn: printLine,
    error: printLine,
    debug: printLine,
  };
  scrubGlobals();
  return {};
}

/** Starts Pyodide from what is in memory: it takes this for a browser's worker, and gets no network. */
async function load(parts: PythonParts): Promise<Pyodide> {
  const browser = globalThis as unknown as Record<string, unknown>;
  for (const name of ['Deno', 'process', 'Buffer', 'global']) delete browser[name];
  const { loadPyodide } = (await import(parts.loader)) as {
    readonly loadPyodide: (options: object) => Promise<Pyodide>;
  };
  const { default: createPyodideModule } = (await import(parts.glue)) as { default: unknown };
  browser['fetch'] = (address: unknown) => Promise.resolve(serveFile(String(address), parts));
  const wasm = WebAssembly as unknown as Record<string, unknown>;
  const instantiate = WebAssembly.instantiate.bind(WebAssembly);
  const { instantiateStreaming } = wasm;
  wasm['instantiateStreaming'] = async (_: unknown, imports: WebAssembly.Imports) => ({
    instance: await instantiate(parts.wasm, imports),
    module: parts.wasm,
  });
  try {
    return await loadPyodide({
      indexURL: nowhere,
      packageBaseUrl: nowhere,
      lockFileContents: parts.lockFile,
      createPyodideModule,
      env: { HOME: '/workspace', LANG: 'C.UTF-8' },
      stdin: () => null,
      ...(parts.makesSnapshot ? { _makeSnapshot: true } : {}),
      ...(parts.snapshot ? { _loadSnapshot: parts.snapshot } : {}),
    });
  } finally {
    wasm['instantiateStreaming'] = instantiateStreaming;
  }
}

function serveFile(address: string, { standardLibrary }: PythonParts): Response {
  if (address === `${nowhere}python_stdlib.zip`) return new Response(standardLibrary);
  // Its program is compiled already; the answer is not looked at.
  if (address === `${nowhere}pyodide.asm.wasm`) return new Response();
  throw new TypeError(`there is no network here, and so no ${address}`);
}

/** JSON's strings are Python's too. Nothing is handed over as an object: a snapshot could not hold it. */
function addModule(pyodide: Pyodide, name: string, source: string): void {
  const file = JSON.stringify(`/lib/${name}.py`);
  pyodide.runPython(`
import sys, types
_module = types.ModuleType(${JSON.stringify(name)})
_module.__file__ = ${file}
sys.modules[_module.__name__] = _module
exec(compile(${JSON.stringify(source)}, ${file}, "exec"), _module.__dict__)
del _module
`);
}

function writeOutput(bytes: Uint8Array): number {
  print(bytes);
  return bytes.length;
}
