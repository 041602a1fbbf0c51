import { noVisits } from './network.ts';
import { attempts, embeddedTiers, literal, type Probe } from './probe.ts';
import type { Decoys } from './decoys.ts';

const tiers = embeddedTiers;
const control = { how: 'open pyodide' } as const;

/** Ways from Python in WebAssembly into the JavaScript around it, and from there to the machine. */
export const embeddedProbes: readonly Probe[] = [
  {
    name: 'js-process',
    group: 'embedded',
    description: "reads the host's environment through js.process",
    tiers,
    code: ({ variable }) =>
      attempts(`
import js
attempt("process.env", lambda: getattr(js.process.env, ${literal(variable)}))
attempt("Deno.env", lambda: js.Deno.env.get(${literal(variable)}))
attempt("env.toObject", lambda: getattr(js.Deno.env.toObject(), ${literal(variable)}))
attempt("process.binding", lambda: js.process.binding("fs").internalModuleStat("/etc"))
attempt("process.pid", lambda: js.process.kill(js.process.pid, 0))`),
    control,
  },
  ...inBothLanguages(
    'deno-files',
    "reads and writes this machine's files through Deno",
    ({ secretFile, openFolder }) => `
const secret = ${literal(secretFile)}, target = ${literal(openFolder)} + '/written';
await attempt('readTextFile', () => Deno.readTextFile(secret));
await attempt('readTextFileSync', () => Deno.readTextFileSync(secret));
await attempt('open', async () => (await Deno.open(secret)) && 'open');
await attempt('stat', async () => (await Deno.stat(secret)).size);
await attempt('readDir', async () => { for await (const each of Deno.readDir(${literal(openFolder)} + '/..')) return each.name; });
await attempt('/proc/self/environ', async () => (await Deno.readFile('/proc/self/environ')).length);
await attempt('writeTextFile', async () => { await Deno.writeTextFile(target, 'x'); return 'written'; });
await attempt('makeTempFile', async () => { const file = await Deno.makeTempFile(); await Deno.remove(file); return file; });
await attempt('symlink', async () => { await Deno.symlink(secret, target + '-link'); return 'linked'; });
await attempt('cwd', async () => [...Deno.readDirSync(Deno.cwd())].length + ' entries');
await attempt('node:fs', async () => (await import('node:fs')).readFileSync(secret, 'utf8'));
await attempt('node:fs/promises', async () => (await import('node:fs/promises')).readFile(secret, 'utf8'));
await attempt('process.getBuiltinModule', () => process.getBuiltinModule('node:fs').readFileSync(secret, 'utf8'));
await attempt('createRequire', async () => (await import('node:module')).createRequire('file:///x/y.js')('node:fs').readFileSync(secret, 'utf8'));
await attempt('internal', () => Deno[Deno.internal].core.ops.op_fs_read_file_text_sync(secret));`,
    {
      check: (decoys) =>
        decoys.wasWritten('written') || decoys.wasWritten('written-link') ? 'a file was written' : undefined,
    },
  ),
  ...inBothLanguages(
    'deno-system',
    'starts programs, loads libraries and asks about the machine through Deno',
    ({ pid }) => `
await attempt('Command', async () => (await new Deno.Command('id').output()).stdout.length);
await attempt('node:child_process', async () => (await import('node:child_process')).execSync('id').length);
await attempt('dlopen', () => Deno.dlopen('libc.so.6', { getpid: { parameters: [], result: 'i32' } }).symbols.getpid());
await attempt('process.dlopen', () => { process.dlopen({ exports: {} }, '/usr/lib/x86_64-linux-gnu/libc.so.6'); return 'loaded'; });
await attempt('kill', () => { Deno.kill(${pid}, 0 || 'SIGCONT'); return 'signalled'; });
await attempt('hostname', () => Deno.hostname());
await attempt('networkInterfaces', () => Deno.networkInterfaces().length);
await attempt('osRelease', () => Deno.osRelease());
await attempt('systemMemoryInfo', () => Deno.systemMemoryInfo().total);
await attempt('execPath', () => Deno.execPath());
await attempt('node:os', async () => (await import('node:os')).hostname());
await attempt('node:inspector', async () => { (await import('node:inspector')).open(0, '127.0.0.1'); return 'open'; });
await attempt('permissions', async () => (await Deno.permissions.request({ name: 'env' })).state === 'granted' && 'granted');
await attempt('chdir', () => { const here = Deno.cwd(); Deno.chdir('/'); Deno.chdir(here); return 'moved'; });`,
  ),
  ...inBothLanguages(
    'deno-network',
    'reaches a server of this machine through fetch, sockets and WebSockets',
    ({ tcpPort, socketPath, secretFile }) => `
const url = 'http://127.0.0.1:${tcpPort}/';
await attempt('fetch', async () => (await fetch(url)).text());
await attempt('fetch file', async () => (await fetch('file://' + ${literal(secretFile)})).text());
await attempt('connect', async () => { (await Deno.connect({ hostname: '127.0.0.1', port: ${tcpPort} })).close(); return 'connected'; });
await attempt('unix', async () => { (await Deno.connect({ transport: 'unix', path: ${literal(socketPath)} })).close(); return 'connected'; });
await attempt('listen', () => { Deno.listen({ hostname: '127.0.0.1', port: 0 }).close(); return 'listening'; });
await attempt('datagram', () => { Deno.listenDatagram({ hostname: '127.0.0.1', port: 0, transport: 'udp' }).close(); return 'listening'; });
await attempt('resolve', async () => (await Deno.resolveDns('localhost', 'A', { nameServer: { ipAddr: '127.0.0.1', port: ${tcpPort} } })).length || 'resolved');
await attempt('WebSocket', () => new Promise((resolve) => { const socket = new WebSocket('ws://127.0.0.1:${tcpPort}'); socket.onopen = () => resolve('open'); socket.onerror = () => resolve(); setTimeout(resolve, 1000); }));
await attempt('XMLHttpRequest', () => { const request = new XMLHttpRequest(); request.open('GET', url, false); request.send(); return 'sent'; });
await attempt('node:net', () => import('node:net').then(({ connect }) => new Promise((resolve, reject) => { const socket = connect(${tcpPort}, '127.0.0.1', () => { socket.destroy(); resolve('connected'); }); socket.on('error', reject); })));
await attempt('node:http', () => import('node:http').then(({ get }) => new Promise((resolve, reject) => get(url, (answer) => { answer.resume(); resolve('answered'); }).on('error', reject))));
await attempt('node:dgram', () => import('node:dgram').then(({ createSocket }) => new Promise((resolve, reject) => { const socket = createSocket('udp4'); socket.on('error', reject); socket.send('x', ${tcpPort}, '127.0.0.1', (error) => { try { socket.close(); } catch {} error ? reject(error) : resolve('sent'); }); })));`,
    {
      check: noVisits,
    },
  ),
  ...inBothLanguages(
    'constructor-chains',
    'climbs up constructors to a global object with more rights',
    ({ secretFile, secretModule }) => `
const chains = {
  'Object': () => Object.constructor,
  'arrow': () => (() => {}).constructor,
  'array': () => [].at.constructor,
  'async': () => (async () => {}).constructor,
  'generator': () => Object.getPrototypeOf(function* () {}).constructor,
  'error': () => { try { null.x; } catch (error) { return error.constructor.constructor; } },
};
for (const [name, make] of Object.entries(chains)) {
  await attempt(name, async () => make()('return globalThis.Deno.readTextFileSync(' + JSON.stringify(${literal(secretFile)}) + ')')());
  await attempt(name + ' import', async () => (await make()('return import(' + JSON.stringify('file://' + ${literal(secretModule)}) + ')')()).default);
}
await attempt('eval', async () => (await (0, eval)('import("node:fs")')).readFileSync(${literal(secretFile)}, 'utf8'));
await attempt('node:vm', async () => (await import('node:vm')).runInNewContext('this.constructor.constructor("return process")()').env.PATH);
await attempt('ShadowRealm', () => new ShadowRealm().evaluate('Deno.readTextFileSync(' + JSON.stringify(${literal(secretFile)}) + ')'));`,
  ),
  ...inBothLanguages(
    'imports',
    'imports modules from npm, JSR, the network and files of this machine',
    ({ tcpPort, secretModule }) => `
await attempt('http:', async () => (await import('http://127.0.0.1:${tcpPort}/module.js')).default);
await attempt('https:', async () => (await import('https://127.0.0.1:${tcpPort}/module.js')).default);
await attempt('file:', async () => (await import('file://' + ${literal(secretModule)})).default);
await attempt('path', async () => (await import(${literal(secretModule)})).default);`,
    { check: noVisits },
  ),
  ...inBothLanguages(
    'imports-from-registries',
    'imports packages of npm and JSR',
    () => `
await attempt('npm:', async () => Object.keys(await import('npm:is-odd@3.0.1')).length);
await attempt('jsr:', async () => Object.keys(await import('jsr:@std/bytes@1.0.0')).length);`,
    { control: { how: 'impossible', because: 'it would ask a registry on the Internet' } },
  ),
  ...inBothLanguages(
    'workers',
    'starts workers with rights of their own',
    ({ secretFile }) => `
const text = 'try { postMessage(Deno.readTextFileSync(' + JSON.stringify(${literal(secretFile)}) + ')); } catch (error) { postMessage(""); }';
const ask = (options) => new Promise((resolve, reject) => {
  const worker = new Worker('data:text/javascript,' + encodeURIComponent(text), { type: 'module', ...options });
  worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
  worker.onerror = (event) => { event.preventDefault(); reject(new Error(event.message)); };
  setTimeout(() => { worker.terminate(); reject(new Error('no answer')); }, 1500);
});
await attempt('plain', () => ask({}));
await attempt('node:worker_threads', () => import('node:worker_threads').then(({ Worker }) => new Promise((resolve, reject) => {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(require("node:fs").readFileSync(' + JSON.stringify(${literal(secretFile)}) + ', "utf8"))', { eval: true });
  worker.on('message', (message) => { worker.terminate(); resolve(message); });
  worker.on('error', reject);
  setTimeout(() => { worker.terminate(); reject(new Error('no answer')); }, 1500);
})));`,
  ),
  ...inBothLanguages(
    'workers-with-rights',
    'asks for rights for a worker that it has not got itself',
    ({ secretFile }) => `
const text = 'try { postMessage(Deno.readTextFileSync(' + JSON.stringify(${literal(secretFile)}) + ')); } catch (error) { postMessage(""); }';
for (const permissions of ['inherit', { read: true, net: true, env: true }]) {
  await attempt(JSON.stringify(permissions), () => new Promise((resolve, reject) => {
    const worker = new Worker('data:text/javascript,' + encodeURIComponent(text), { type: 'module', deno: { permissions } });
    worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
    worker.onerror = (event) => { event.preventDefault(); reject(new Error(event.message)); };
    setTimeout(() => { worker.terminate(); reject(new Error('no answer')); }, 1500);
  }));
}`,
    // Where Deno does not know of such rights, it ends the process that asks for them.
    { outcomes: ['ok', 'lost'] },
  ),
  ...inBothLanguages(
    'stores',
    'keeps data on this machine (localStorage, caches, Deno.openKv)',
    () => `
await attempt('localStorage', () => { localStorage.setItem('colloquy-probe', 'x'); localStorage.removeItem('colloquy-probe'); return 'stored'; });
await attempt('caches', async () => { const cache = await caches.open('colloquy-probe'); await cache.put('http://colloquy.invalid/', new Response('x')); await caches.delete('colloquy-probe'); return 'stored'; });
await attempt('openKv', async () => { (await Deno.openKv('/tmp/colloquy-probe-kv')).close(); return 'open'; });
await attempt('node:sqlite', async () => { new (await import('node:sqlite')).DatabaseSync('/tmp/colloquy-probe-sqlite').close(); return 'open'; });`,
  ),
  {
    name: 'mounted-folders',
    group: 'embedded',
    description: 'mounts folders of this machine into the file system of Pyodide',
    tiers,
    code: ({ folder }) =>
      attempts(`
import pyodide_js
from pyodide.ffi import to_js
def mount_node():
    pyodide_js.mountNodeFS("/probe-node", ${literal(folder)})
    return open("/probe-node/secret.txt").read()
attempt("mountNodeFS", mount_node)
def mount_kind(name):
    kinds = pyodide_js.FS.filesystems
    os.makedirs("/probe-" + name, exist_ok=True)
    pyodide_js.FS.mount(getattr(kinds, name), to_js({"root": ${literal(folder)}}, dict_converter=__import__("js").Object.fromEntries), "/probe-" + name)
    return open(f"/probe-{name}/secret.txt").read()
for name in ("NODEFS", "NODERAWFS", "WORKERFS", "PROXYFS", "IDBFS"):
    attempt(name, lambda: mount_kind(name))
def write():
    with open("/probe-node/open/written", "w") as file:
        file.write("x")
    return "written"
attempt("write", write)`),
    check: (decoys) => (decoys.wasWritten('written') ? 'a file was written' : undefined),
    control,
  },
  {
    name: 'pyodide-itself',
    group: 'embedded',
    description: "writes to Pyodide's own files, and reads what lies beside them",
    tiers,
    code: () =>
      attempts(`
import js
def urls():
    stack = js.Error.new("x").stack or ""
    return [url for url in stack.replace("(", " ").replace(")", " ").split() if url.startswith("file:")]
attempt("config", lambda: js.Deno.readTextFileSync("package.json"))
for place in ("../../package.json", "node_modules/deno/package.json", "sidecar/interpreter.ts", "/etc/passwd"):
    attempt(place, lambda: js.Deno.readTextFileSync(place))
for url in urls():
    attempt(url, lambda: js.Deno.readTextFileSync(js.URL.new("../../package.json", url)))
    attempt("write " + url, lambda: js.Deno.openSync(js.URL.new(url.rsplit(":", 2)[0]), js.Object.fromEntries([["write", True]])))`),
    control,
  },
  {
    name: 'network-of-pyodide',
    group: 'embedded',
    description:
      "reaches a server of this machine through Pyodide's own ways (pyfetch, loadPackage, open_url)",
    tiers,
    code: ({ tcpPort }) =>
      withAsync(`
import pyodide_js
url = "http://127.0.0.1:${tcpPort}/package-1.0-py3-none-any.whl"
async def fetched():
    from pyodide.http import pyfetch
    return await (await pyfetch(url)).text()
await attempt_async("pyfetch", fetched)
async def loaded():
    await pyodide_js.loadPackage(url)
await attempt_async("loadPackage", loaded)
async def opened():
    from pyodide.http import open_url
    return open_url(url).read()
await attempt_async("open_url", opened)
async def asked():
    import urllib.request
    return urllib.request.urlopen(url, timeout=2).read()
await attempt_async("urllib", asked)`),
    check: noVisits,
    control,
  },
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

/** The same attempts through `run_js` in Python, and as a block of JavaScript. */
function inBothLanguages(
  name: string,
  description: string,
  code: (decoys: Decoys) => string,
  more: Partial<Probe> = {},
): Probe[] {
  const common = { group: 'embedded', tiers, control, ...more } as const;
  return [
    {
      ...common,
      name,
      description: `${description} (from Python)`,
      code: (decoys) => throughPython(`(${asyncAttempts(code(decoys))})()`),
    },
    {
      ...common,
      name: `${name}-from-javascript`,
      description,
      language: 'javascript',
      code: (decoys) => `console.log(await (${asyncAttempts(code(decoys))})());`,
    },
  ];
}

/** JavaScript that Python runs, by whatever way there is. */
function throughPython(expression: string): string {
  return `
import js
source = ${literal(expression)}
def by_run_js():
    from pyodide.code import run_js
    return run_js(source)
def by_string_timer():
    return js.setTimeout("globalThis.probed = " + source, 0) and None
def by_emscripten():
    import pyodide_js
    return pyodide_js._module._emscripten_run_script_string(source)
def by_worker(url):
    from asyncio import get_event_loop
    from pyodide.ffi import create_proxy
    answer = get_event_loop().create_future()
    worker = js.Worker.new(url, js.Object.fromEntries([["type", "module"]]))
    worker.onmessage = create_proxy(lambda event: answer.set_result(event.data))
    get_event_loop().call_later(3, lambda: answer.done() or answer.set_result(None))
    return answer
def by_data():
    return by_worker("data:text/javascript," + js.encodeURIComponent("postMessage(await " + source + ")"))
def by_blob():
    return by_worker(js.URL.createObjectURL(js.Blob.new(["postMessage(await " + source + ")"])))
refusals = []
async def search():
    for name, run in (
        ("run_js", by_run_js), ("eval", lambda: js.eval(source)), ("Function", lambda: js.Function.new("return " + source)()),
        ("constructor", lambda: js.Object.constructor("return " + source)()), ("timer", by_string_timer), ("emscripten", by_emscripten),
        ("data", by_data), ("blob", by_blob)):
        try:
            said = run()
            said = await said if hasattr(said, "__await__") else said
            if said:
                return said
            refusals.append(name + ": nothing")
        except Exception as error:
            refusals.append(f"{name}: {str(error)[:60]}")
    return "WALL:held there is no way into JavaScript: " + "; ".join(refusals).replace("\\n", " ")
print(await search())
`;
}

/** The same as `attempts`, for what has to be waited for. */
function withAsync(code: string): string {
  return attempts(`
async def attempt_async(name, attack):
    try:
        got = await attack()
    except Exception as error:
        refusals.append(f"{name}: {type(error).__name__}: {one_line(error)}")
    else:
        (gains if got else refusals).append(f"{name}: {one_line(got) if got else 'nothing'}")
${code.trim()}`);
}

function asyncAttempts(code: string): string {
  return `async () => {
const gains = [], refusals = [];
const oneLine = (value) => String(value).slice(0, 80).replaceAll('\\n', ' ');
const attempt = async (name, attack) => {
  try {
    const got = await attack();
    (got ? gains : refusals).push(name + ': ' + (got ? oneLine(got) : 'nothing'));
  } catch (error) {
    refusals.push(name + ': ' + oneLine(error));
  }
};
${code.trim()}
return gains.length > 0 ? 'WALL:broken ' + gains.join('; ').slice(0, 2000) : 'WALL:held ' + refusals.join('; ').slice(0, 600);
}`;
}
