import { messageOf } from '../../wire/errors.ts';
import { isPackageName, normalize } from './requirements.ts';

/** Whether the index has each of some packages, by the names as they were asked for. */
export type LookUp =
  | { readonly type: 'found'; readonly known: readonly string[]; readonly unknown: readonly string[] }
  | { readonly type: 'unreachable'; readonly why: string };

export interface LookUpOptions {
  /** `execution.package_index`. */
  readonly index: string;
  readonly signal?: AbortSignal | undefined;
}

/** For one name. */
const patienceMs = 10_000;
/** Names asked for at a time. */
const mostAtOnce = 8;
const mostNames = 200;

/**
 * Asks the index (PEP 503), from this process and not from a sandbox. Names that no package can have are unknown, and so is
 * what comes after the 200th. Rejects with the signal's reason, and with nothing else.
 */
export async function lookUp(names: readonly string[], { index, signal }: LookUpOptions): Promise<LookUp> {
  const asked = [...new Set(names)].slice(0, mostNames).filter(isPackageName);
  const isKnown = new Map<string, boolean>();
  const queue = [...asked];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      isKnown.set(name, await has(name, index, signal));
  };
  try {
    await Promise.all(Array.from({ length: Math.min(mostAtOnce, asked.length) }, work));
  } catch (error) {
    signal?.throwIfAborted();
    queue.length = 0;
    return { type: 'unreachable', why: `the package index ${index} cannot be asked: ${describe(error)}` };
  }
  const isFound = (name: string): boolean => isKnown.get(name) === true;
  return { type: 'found', known: names.filter(isFound), unknown: names.filter((name) => !isFound(name)) };
}

async function has(name: string, index: string, signal: AbortSignal | undefined): Promise<boolean> {
  const patience = AbortSignal.timeout(patienceMs);
  const response = await fetch(`${index.replace(/\/+$/, '')}/${normalize(name)}/`, {
    headers: { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.5' },
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  });
  // The page of a package can be long, and nobody needs it.
  await response.body?.cancel();
  if (response.status === 404) return false;
  if (!response.ok) throw new Error(`it answers with status ${response.status}`);
  return true;
}

/** `fetch` says why only in the cause. */
function describe(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause ?? error) || messageOf(error);
}
