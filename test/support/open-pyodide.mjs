// Pyodide in a Deno that may do everything, for the controls of the embedded sandbox's probes. Reads
// requests and writes answers, one JSON object a line. Run by probe-controls.ts only.
import { createInterface } from 'node:readline';
import { loadPyodide } from 'pyodide';

const lines = [];
const pyodide = await loadPyodide({ stdout: (line) => lines.push(line), stderr: (line) => lines.push(line) });
const answer = (output) => process.stdout.write(`${JSON.stringify({ output })}\n`);
console.log = (...args) => lines.push(args.join(' '));

for await (const request of createInterface({ input: process.stdin })) {
  const { language, code } = JSON.parse(request);
  lines.length = 0;
  try {
    if (language === 'javascript') await new (async () => {}).constructor(code)();
    else await pyodide.runPythonAsync(code, { globals: pyodide.toPy({}) });
  } catch (error) {
    lines.push(String(error));
  }
  answer(lines.join('\n'));
}
