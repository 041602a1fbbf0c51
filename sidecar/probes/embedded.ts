import { inBothLanguages, withAsync } from './embedded-code.ts';
import { noVisits } from './network.ts';
import { attempts, embeddedTiers, literal, type Probe } from './probe.ts';

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
  setTimeout(() => { worker.terminate(); reject(new Error('no answer')); }, 4000);
});
await attempt('plain', () => ask({}));
await attempt('node:worker_threads', () => import('node:worker_threads').then(({ Worker }) => new Promise((resolve, reject) => {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage(require("node:fs").readFileSync(' + JSON.stringify(${literal(secretFile)}) + ', "utf8"))', { eval: true });
  worker.on('message', (message) => { worker.terminate(); resolve(message); });
  worker.on('error', reject);
  setTimeout(() => { worker.terminate(); reject(new Error('no answer')); }, 4000);
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
    setTimeout(() => { worker.terminate(); reject(new Error('no answer')); }, 4000);
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
];
