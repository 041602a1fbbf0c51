import { existsSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { byPosition, describeProblems } from './issues.ts';
import { packageRoot } from './paths.ts';
import { readPositionedYaml } from './positions.ts';
import { readTextFile } from './read-text.ts';

/** US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** Input that was read from the provider's cache; as `input` where it is absent. */
  readonly cached?: number;
  /** Input that was put into the provider's cache; as `input` where it is absent. */
  readonly stored?: number;
  /** The day on which it was looked up, such as 2026-03-21. */
  readonly asOf?: string;
}

/** What the models of each provider cost. */
export type PriceList = ReadonlyMap<string, ReadonlyMap<string, Price>>;

const dollars = z.number().min(0);
const origin = {
  as_of: z.iso.date().optional(),
  source: z.string().min(1).optional(),
};
const priceFile = z.record(
  z.string(),
  z.strictObject({
    ...origin,
    models: z.record(
      z.string(),
      z.strictObject({
        input: dollars,
        output: dollars,
        cached: dollars.optional(),
        stored: dollars.optional(),
        ...origin,
      }),
    ),
  }),
);

/**
 * The prices that come with the program, and over them, model by model, those of `file`; without a file, of
 * `config/prices.yml` in the working folder. Throws ConfigError with all that is wrong.
 */
export function loadPrices({ file, cwd }: { readonly file?: string; readonly cwd: string }): PriceList {
  const builtIn = path.join(packageRoot, 'config', 'prices.yml');
  const beside = path.join(cwd, 'config', 'prices.yml');
  const own = file ?? (existsSync(beside) ? beside : builtIn);
  const list = readPrices(builtIn, cwd);
  if (path.resolve(cwd, own) === builtIn) return list;
  for (const [provider, models] of readPrices(own, cwd)) {
    list.set(provider, new Map([...(list.get(provider) ?? []), ...models]));
  }
  return list;
}

/** Everything wrong with a file of prices. */
export function checkPriceFile(file: string, cwd: string): readonly ConfigProblem[] {
  try {
    readPrices(file, cwd);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/**
 * The price of a model under its name, or under that name without the date behind it (`-2024-07-18`,
 * `-20241022`, `-latest`); `*` stands for every model of its provider. Undefined: nobody knows.
 */
export function findPrice(
  list: PriceList,
  provider: string | undefined,
  model: string | undefined,
): Price | undefined {
  const models = provider === undefined ? undefined : list.get(provider);
  if (!models) return undefined;
  const name = model ?? '';
  return models.get(name) ?? models.get(name.replace(dated, '')) ?? models.get('*');
}

const dated = /-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/;

function readPrices(file: string, cwd: string): Map<string, ReadonlyMap<string, Price>> {
  const name = path.relative(cwd, path.resolve(cwd, file)) || file;
  const yaml = readPositionedYaml(readTextFile(path.resolve(cwd, file), name), name);
  if (yaml.isBroken) throw new ConfigError(yaml.problems);
  const value = yaml.value ?? {};
  const parsed = priceFile.safeParse(value);
  const issues = parsed.error ? describeProblems(parsed.error, value, priceFile, yaml) : [];
  const problems = [...yaml.problems, ...issues].sort(byPosition);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const providers = Object.entries(parsed.data).map(([provider, { as_of: common, models }]) => {
    const prices = Object.entries(models).map(([model, { input, output, cached, stored, as_of: own }]) => {
      const asOf = own ?? common;
      const price: Price = {
        input,
        output,
        ...(cached === undefined ? {} : { cached }),
        ...(stored === undefined ? {} : { stored }),
        ...(asOf === undefined ? {} : { asOf }),
      };
      return [model, price] as const;
    });
    return [provider, new Map(prices)] as const;
  });
  return new Map(providers);
}
