import type { DriverRequest, FileAnswer, RunAnswer } from '../driver-protocol.ts';
import { createWriter, deno } from './deno-api.ts';
import { JavascriptSession } from './javascript-session.ts';
import { ModuleTexts } from './module-texts.ts';
import { PythonSession } from './python-session.ts';
import type { DriverSettings } from './settings.ts';

/**
 * The embedded tier's driver, in Deno's main isolate: it alone knows the nonces. Code runs in workers
 * without permissions, which write what the code prints straight to stderr and answer over a port.
 * sidecar/tiers/tier.ts tells what goes over which descriptor.
 */
const settings = JSON.parse(deno.args[0] ?? '{}') as DriverSettings;
const writeAnswer = createWriter(deno.stdout);
const writeOutput = createWriter(deno.stderr);
const encoder = new TextEncoder();
const modules = new ModuleTexts(new URL('.', import.meta.url));
const javascriptUrl = modules.urlOf('javascript-worker.js');

let current: DriverRequest | undefined;

const python = new PythonSession(modules.urlOf('python-worker.js'), settings, endAsTainted);
const javascript = new JavascriptSession(javascriptUrl, endAsTainted);
const started = await python.ready;
// All that has to be read has been: the wall loses its last door before there is anybody to try it.
deno.permissions.revokeSync({ name: 'read' });

if (settings.makesSnapshot === true) {
  writeAnswer(started.snapshot ?? new Uint8Array());
  deno.exit(0);
}
writeAnswer(encoder.encode('{"ready":true}\n'));
await serve();

/** One request after the other. The end of stdin is the end of whoever asked, so it ends a block too. */
async function serve(): Promise<never> {
  let last = Promise.resolve();
  let rest = '';
  const decoder = new TextDecoder();
  for await (const piece of deno.stdin.readable) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) last = last.then(() => answer(JSON.parse(line) as DriverRequest));
  }
  return deno.exit(0);
}

async function answer(request: DriverRequest): Promise<void> {
  current = request;
  try {
    respond(request, await handle(request));
  } catch (error) {
    // The interpreter is gone. The host sees that best when the process is gone too.
    writeOutput(encoder.encode(`${error instanceof Error ? error.message : String(error)}\n`));
    deno.exit(70);
  }
  current = undefined;
}

function handle(request: DriverRequest): Promise<object> {
  switch (request.op) {
    case 'run':
      return request.language === 'javascript' ? javascript.run(request) : python.run(request);
    case 'program':
      return Promise.reject(new Error('there are no processes here'));
    case 'ping':
      return javascript.ping().then(() => python.ask({ op: 'ping' }));
    case 'put':
    case 'get':
      return python.ask(request satisfies object);
  }
}

function respond({ nonce }: DriverRequest, answered: object): void {
  writeOutput(encoder.encode(`\x1e${nonce}\n`));
  const whole = { ...answered, nonce } as RunAnswer | FileAnswer;
  writeAnswer(encoder.encode(`${JSON.stringify(whole)}\n`));
}

/** Somebody spoke in a worker's place: whatever it says from now on counts for nothing. */
function endAsTainted(): never {
  const detail = "the code spoke on its sandbox's own channel; the session was ended";
  if (current?.op === 'run') respond(current, { outcome: 'failed', detail, files: [] });
  return deno.exit(71);
}
