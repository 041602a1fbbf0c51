import type { Decoys } from './decoys.ts';
import { attempts, embeddedTiers, literal, type Probe } from './probe.ts';

/** The same attempts through `run_js` in Python, and as a block of JavaScript. */
export function inBothLanguages(
  name: string,
  description: string,
  code: (decoys: Decoys) => string,
  more: Partial<Probe> = {},
): Probe[] {
  const control = { how: 'open pyodide' } as const;
  const common = { group: 'embedded', tiers: embeddedTiers, control, ...more } as const;
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
export function withAsync(code: string): string {
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

/** An async function in JavaScript that makes several attempts, as `attempts` does in Python. */
export function asyncAttempts(code: string): string {
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
