import type { Workshop } from './coder.ts';
import type { Installation } from './events.ts';
import { canonical, mergePackages, nameOf, packagesIn } from './packages.ts';
import { dependencyRepairWords, dependencyWords, shorten } from './prompts.ts';
import { keyOf } from './run-folder.ts';

/** Asks several times which packages the program needs, and merges the answers. Rejects with ProviderError. */
export async function chooseDependencies(shop: Workshop, plan: string): Promise<readonly string[]> {
  const { config, asking, words, observe } = shop;
  observe({ type: 'phase', phase: 'dependencies' });
  const ask = (index: number) =>
    asking.ask({
      id: `dependencies-${index + 1}`,
      role: 'dependency_tracker',
      temperature: config.dependency_tracker.temperature,
      ...dependencyWords(words, plan),
    });
  const numbers = [...Array(config.dependency_samples).keys()];
  const replies: string[] = [];
  if (asking.canAskAtOnce('dependency_tracker')) {
    replies.push(...(await Promise.all(numbers.map(ask))).map(({ reply }) => reply));
  } else for (const index of numbers) replies.push((await ask(index)).reply);
  const answers = replies.map(packagesIn);
  const unread = answers.filter((answer) => answer === undefined).length;
  if (unread > 0)
    observe({ type: 'notice', text: `${unread} of ${answers.length} lists of packages could not be read` });
  const readable = answers.filter((answer) => answer !== undefined);
  const { packages, votes, notes } = mergePackages(readable, [words.module]);
  for (const text of notes) observe({ type: 'notice', text });
  observe({ type: 'dependencies', packages, votes });
  return packages;
}

/** Asks once more, with what went wrong. The same list where the answer cannot be read. */
export async function repairDependencies(
  { config, asking, words, observe }: Workshop,
  plan: string,
  packages: readonly string[],
  { id, problem }: { readonly id: string; readonly problem: string },
): Promise<readonly string[]> {
  const { reply } = await asking.ask({
    id,
    role: 'dependency_tracker',
    temperature: config.dependency_tracker.temperature,
    ...dependencyRepairWords(words, plan, { packages, problem }),
  });
  const answer = packagesIn(reply);
  if (answer === undefined) {
    observe({ type: 'notice', text: `${id}: the list of packages could not be read` });
    return packages;
  }
  const merged = mergePackages([answer], [words.module]);
  for (const text of merged.notes) observe({ type: 'notice', text });
  return merged.packages;
}

/**
 * Installs packages; what the index does not have, or pip cannot install, goes back to the model, up to
 * `dependency_install_attempts` in the whole run, `attempts` of which are used up. What cannot be had is left out.
 */
export async function installDependencies(
  shop: Workshop,
  plan: string,
  wanted: readonly string[],
  attempts: number,
): Promise<{ readonly packages: readonly string[]; readonly attempts: number }> {
  const { config, observe } = shop;
  const most = config.dependency_install_attempts;
  let packages = wanted;
  while (packages.length > 0) {
    attempts++;
    observe({ type: 'phase', phase: 'install' });
    const outcome = await installOnce(shop, packages, attempts);
    observe({ type: 'installation', attempt: attempts, ...withoutOutput(outcome) });
    if (outcome.outcome === 'installed') return { packages, attempts };
    if (outcome.outcome === 'unavailable') {
      observe({ type: 'notice', text: `nothing is installed: ${outcome.why}; the standard library must do` });
      return { packages: [], attempts: most };
    }
    if (attempts >= most) {
      packages = await installRest(shop, packages, outcome.unknown, attempts + 1);
      observe({
        type: 'notice',
        text: `after ${attempts} attempts the program gets ${packages.join(', ') || 'no packages'}`,
      });
      return { packages, attempts };
    }
    const problem = [outcome.why, outcome.output].filter(Boolean).join('\n\n');
    packages = await repairDependencies(shop, plan, packages, { id: `install-${attempts}`, problem });
  }
  return { packages, attempts };
}

function withoutOutput(tried: Tried): Installation {
  if (tried.outcome !== 'failed') return tried;
  const { outcome, why, unknown } = tried;
  return { outcome, why, unknown };
}

type Tried =
  | Exclude<Installation, { outcome: 'failed' }>
  | (Extract<Installation, { outcome: 'failed' }> & { readonly output: string });

/** As it went before, where the run is gone on with: what was asked then because of it is asked in the same words. */
async function installOnce(shop: Workshop, packages: readonly string[], attempt: number): Promise<Tried> {
  const { folder, config } = shop;
  const name = `installations/${attempt}`;
  const key = keyOf(packages, config.check_package_index);
  const known = folder.recall<Tried>(name, key);
  if (known) return known;
  const tried = await install(shop, packages);
  if (tried.outcome !== 'unavailable') folder.keep(name, key, tried);
  return tried;
}

async function install(shop: Workshop, packages: readonly string[]): Promise<Tried> {
  const unknown = await unknownOf(shop, packages);
  if (unknown.length > 0) {
    const names = unknown.join(', ');
    return { outcome: 'failed', why: `the package index does not have ${names}`, unknown, output: '' };
  }
  const outcome = await shop.install(packages);
  switch (outcome.type) {
    case 'installed':
      return { outcome: 'installed', packages: outcome.packages };
    case 'unavailable':
      return { outcome: 'unavailable', why: outcome.why };
    case 'failed':
      return {
        outcome: 'failed',
        why: outcome.why,
        unknown: outcome.unknown,
        output: shorten(outcome.output, 3_000),
      };
  }
}

async function unknownOf(
  { config, lookUp, signal, observe }: Workshop,
  packages: readonly string[],
): Promise<readonly string[]> {
  if (!config.check_package_index) return [];
  const found = await lookUp(packages.map(nameOf), signal);
  if (found.type === 'found') return found.unknown;
  observe({ type: 'notice', text: `the package index was not asked: ${found.why}` });
  return [];
}

/** One more try without those that nobody has; what else is wrong stays wrong. */
async function installRest(
  shop: Workshop,
  packages: readonly string[],
  unknown: readonly string[],
  attempt: number,
): Promise<readonly string[]> {
  const missing = new Set(unknown.map(canonical));
  const rest = packages.filter((each) => !missing.has(canonical(nameOf(each))));
  if (rest.length === 0 || rest.length === packages.length) return [];
  return (await installOnce(shop, rest, attempt)).outcome === 'installed' ? rest : [];
}
