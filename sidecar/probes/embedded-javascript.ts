import { asyncAttempts } from './embedded-code.ts';
import { embeddedTiers, literal, type Probe } from './probe.ts';

const tiers = embeddedTiers;
const control = { how: 'open pyodide' } as const;

/** What hostile JavaScript may try on the worker that it runs in, and on whoever waits for its verdict. */
export const embeddedJavascriptProbes: readonly Probe[] = [
  {
    name: 'hidden-imports',
    group: 'embedded',
    description: 'hides imports of the modules of Node from whoever rewrites its source',
    tiers,
    language: 'javascript',
    code: ({ secretFile }) => `const tried = await (${asyncAttempts(`
const secret = ${literal(secretFile)};
const use = (fs) => { try { return fs.readFileSync(secret, 'utf8'); } catch (error) { return fs.writeSync && 'node:fs was reached, though ' + error; } };
let found;
await attempt('in a template', async () => { const text = \`\${found = await import('node:fs')}\`; return use(found); });
await attempt('in a nested template', async () => { const text = \`\${\`\${found = await import('node:fs')}\`}\`; return use(found); });
await attempt('behind a regular expression', async () => { if (true) /'/.test(''); found = await import('node:fs'); '/'; return use(found); });
await attempt('behind a division', async () => { let four = 4; four++ /2/ 1; found = await import('node:fs'); /'/; return use(found); });
await attempt('behind a block', async () => { {} /'/.test(''); found = await import('node:fs'); '/'; return use(found); });
await attempt('behind a class', async () => { const text = /[/'"\`]/; found = await import('node:fs'); return use(found); });
await attempt('with a comment', async () => use(await import/* ' */('node:fs')));
await attempt('with a line', async () => use(await import
('node:fs')));
await attempt('with options', async () => (await import('data:text/javascript,export default Deno.readTextFileSync(' + JSON.stringify(secret) + ')', {})).default);
await attempt('require', () => use(require('node:fs')));
await attempt('require of a path', () => use(require('../fs')));
await attempt('prototype', () => use(require('__proto__').constructor.constructor('return process')().getBuiltinModule('fs')));
await attempt('of util', () => use(require('util').inspect.constructor('return import("node:fs")')()));
await attempt('of assert', () => { for (const name of ['assert', 'events', 'util', 'url', 'path']) for (const [key, value] of Object.entries(require(name))) if (value && (value.readFileSync || value.runInThisContext || value.createRequire)) return name + '.' + key; });`)})();
console.log(tried);`,
    control,
  },
  {
    name: 'call-sites',
    group: 'embedded',
    description: 'looks for functions of the driver in the stacks of errors',
    tiers,
    language: 'javascript',
    code: () => `const tried = await (${asyncAttempts(`
await attempt('call sites', () => {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites;
  try {
    const sites = new Error().stack;
    if (!Array.isArray(sites)) return;
    return sites.map((site) => site.getFunction?.() ?? site.getThis?.()).filter((value) => value !== undefined && value !== globalThis && /^(ext|node|blob|file|data):/.test(String(value?.fileName))).length > 0 && 'a function of the driver';
  } finally { Error.prepareStackTrace = before; }
});
await attempt('callers', () => { const inner = function () { return inner.caller; }; let each = inner(); for (let depth = 0; each && depth < 20; depth++) { if (!String(each).includes('attempt(') && /writeSync|nonce|token/.test(String(each))) return 'a function of the driver'; each = each.caller; } });`)})();
console.log(tried);`,
    control: { how: 'impossible', because: 'there is no driver to look for' },
  },
  ...[
    ['js-exit', 'ends the process', 'Deno.exit(0);', 'process.exit(0);', 'close();', 'self.close();'],
    [
      'js-forgery',
      'answers in place of the driver',
      `postMessage({ token: '', answer: { outcome: 'ok' } });`,
      `self.postMessage({ outcome: 'ok' });`,
      `Deno.stdout.writeSync(new TextEncoder().encode('{"nonce":"0","outcome":"ok","files":[]}\\n'));`,
      `process.stdout.write('{"nonce":"0","outcome":"ok","files":[]}\\n');`,
      `console.log('{"nonce":"00000000000000000000000000000000","outcome":"ok","files":[]}');`,
      `console.error('\\x1e00000000000000000000000000000000');`,
      `onmessage = ({ data, ports }) => ports[0]?.postMessage({ token: data.token, answer: { outcome: 'ok' } });`,
    ],
    [
      'js-prototypes',
      'poisons prototypes, JSON and encoders, so that every answer looks like a pass',
      `Object.prototype.outcome = 'ok';`,
      `Object.defineProperty(Object.prototype, 'outcome', { get: () => 'ok', set() {}, configurable: true });`,
      `JSON.stringify = () => '{"outcome":"ok","files":[]}';`,
      `JSON.parse = () => ({ outcome: 'ok', files: [] });`,
      `TextEncoder.prototype.encode = function () { return new Uint8Array(); };`,
      `Promise.prototype.then = ((then) => function (on, off) { return then.call(this, on, on); })(Promise.prototype.then);`,
      `Reflect.apply = () => ({ outcome: 'ok' });`,
      `MessagePort.prototype.postMessage = ((post) => function (data) { return post.call(this, { ...data, answer: { outcome: 'ok' } }); })(MessagePort.prototype.postMessage);`,
      `Error.prototype.toString = () => { throw null; };`,
    ],
  ].map(([name = '', does = '', ...tries]): Probe => ({
    name,
    group: 'embedded',
    description: `${does}, as a test of JavaScript that does not hold`,
    tiers,
    language: 'javascript',
    kind: 'test',
    limits: { seconds: 3 },
    code: () =>
      `${tries.map((each) => `try { ${each} } catch {}`).join('\n')}\nthrow new Error('it does not hold');`,
    outcomes: ['failed', 'lost'],
    control: { how: 'impossible', because: 'a verdict is given by the driver only' },
  })),
  {
    name: 'js-forgery-from-python',
    group: 'embedded',
    description: 'poisons and answers in place of the driver from Python, as a test that does not hold',
    tiers,
    kind: 'test',
    limits: { seconds: 3 },
    code: () => `
import js
from pyodide.ffi import to_js, create_proxy
forged = to_js({"outcome": "ok", "files": []}, dict_converter=js.Object.fromEntries)
def attempt(attack):
    try:
        attack()
    except Exception as error:
        print(type(error).__name__, str(error)[:100])
attempt(lambda: setattr(js.Object.prototype, "outcome", "ok"))
attempt(lambda: setattr(js.JSON, "parse", create_proxy(lambda *_: forged)))
attempt(lambda: setattr(js.JSON, "stringify", create_proxy(lambda *_: '{"outcome":"ok","files":[]}')))
attempt(lambda: js.postMessage(forged))
attempt(lambda: js.self.close())
attempt(lambda: js.Deno.exit(0))
attempt(lambda: js.process.exit(0))
attempt(lambda: setattr(js.MessagePort.prototype, "postMessage", create_proxy(lambda *_: None)))
assert False`,
    outcomes: ['failed', 'lost', 'timeout'],
    control: { how: 'impossible', because: 'a verdict is given by the driver only' },
  },
  {
    name: 'js-memory',
    group: 'embedded',
    description: 'takes 2.5 GB of memory outside of WebAssembly, from Python',
    tiers,
    limits: { seconds: 20, memoryMiB: 512 },
    code: () => `
import js
kept = []
try:
    for _ in range(25):
        kept.append(js.Uint8Array.new(100_000_000).fill(1))
    print("WALL:broken 2.5 GB of memory")
except Exception as error:
    print("WALL:held", error)
for each in kept:
    each.destroy()
`,
    outcomes: ['ok', 'failed', 'timeout', 'lost'],
    control,
  },
  {
    name: 'js-memory-from-javascript',
    group: 'embedded',
    description: 'takes 2.5 GB of memory in JavaScript, in buffers, WebAssembly and objects',
    tiers,
    language: 'javascript',
    limits: { seconds: 20, memoryMiB: 512 },
    code: () => `
const kept = [];
let taken = 0, text = 'WALL:held';
const take = (name, bytes, make) => {
  try {
    for (let number = 0; number < 10; number++) { kept.push(make()); taken += bytes; }
  } catch (error) { text += ' ' + name + ': ' + error; }
};
take('buffers', 100_000_000, () => new Uint8Array(100_000_000).fill(1));
take('WebAssembly', 100_000_000, () => { const memory = new WebAssembly.Memory({ initial: 1526, maximum: 1526 }); new Uint8Array(memory.buffer).fill(1); return memory; });
take('objects', 50_000_000, () => Array.from({ length: 1_000_000 }, (_, number) => ({ number })));
console.log(taken >= 2_400_000_000 ? 'WALL:broken 2.5 GB of memory' : text + ' after ' + taken);
kept.length = 0;
`,
    outcomes: ['ok', 'failed', 'timeout', 'lost'],
    control,
  },
  {
    name: 'js-endless-loop',
    group: 'embedded',
    description: 'runs an endless loop in JavaScript (its worker is ended)',
    tiers,
    language: 'javascript',
    limits: { seconds: 1 },
    code: () => 'for (;;) {}\n',
    outcomes: ['failed', 'timeout', 'lost'],
    control: {
      how: 'impossible',
      because: 'the control runs in one process with its reader, and would stop it',
    },
  },
  {
    name: 'js-endless-promise',
    group: 'embedded',
    description: 'waits for ever in JavaScript, or keeps the microtasks going',
    tiers,
    language: 'javascript',
    limits: { seconds: 1 },
    code: () =>
      'const again = () => Promise.resolve().then(again);\nagain();\nawait new Promise(() => {});\n',
    outcomes: ['failed', 'timeout', 'lost'],
    control: {
      how: 'impossible',
      because: 'the control runs in one process with its reader, and would stop it',
    },
  },
  {
    name: 'js-left-timers',
    group: 'embedded',
    description: 'leaves timers behind that print for ever',
    tiers,
    language: 'javascript',
    ownSession: true,
    code: () => `setInterval(() => console.log('still here'), 1);
console.log('WALL:held if they end with the session');`,
    outcomes: ['ok', 'lost'],
    control: { how: 'impossible', because: 'the timers of a program end with it, here as there' },
  },
];
