import { Interpreter } from '../interpreter.ts';
import type { Limits, Tier } from '../tiers/tier.ts';

export interface PythonFacts {
  /** "3.11.2 cpython-311-x86_64-linux-gnu": packages for one are not for another. */
  readonly version: string;
  /** Of the modules of its standard library. */
  readonly names: ReadonlySet<string>;
}

const question = `
import json, sys
version = "%d.%d.%d " % sys.version_info[:3] + sys.implementation.cache_tag + " " + getattr(sys.implementation, "_multiarch", "")
print(json.dumps({"version": version, "names": sorted(sys.stdlib_module_names)}))
`;

/** Asks the interpreter in the sandbox. Rejects where it does not start. */
export async function readPythonFacts(tier: Tier, limits: Limits): Promise<PythonFacts> {
  const interpreter = await Interpreter.start(tier, { ...limits, outputKiB: 64 });
  try {
    const run = { kind: 'code', language: 'python', code: question, name: 'question' } as const;
    const { output } = await interpreter.run(run);
    const { version, names } = JSON.parse(output) as { version: string; names: string[] };
    return { version, names: new Set(names) };
  } finally {
    await interpreter.close();
  }
}
