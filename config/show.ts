import type * as z from 'zod';
import { lookUp } from './issues.ts';
import { leafPaths, type LoadedConfig } from './load.ts';
import { listSettings } from './settings.ts';

/** One value of a merged configuration, fit to be shown. */
export interface ConfigRow {
  readonly key: string;
  readonly value: string;
  /** `config/openai.yml:4:8`, `OPENAI_BASE_URL`, `--model` or `default`; empty where nothing is set. */
  readonly source: string;
}

/** Every key in the order of the schema, secrets hidden, and below it what the user named. */
export function configRows(
  { value, sources }: Pick<LoadedConfig<unknown>, 'value' | 'sources'>,
  schema: z.ZodType,
): readonly ConfigRow[] {
  const settings = listSettings(schema);
  const known = settings.filter(({ path }) => !path.includes('NAME'));
  const own = leafPaths(value).filter((path) => !known.some((setting) => setting.path === path));
  return [...known, ...own.map((path) => ({ path, secret: false }))].map(({ path, secret }) => {
    const entry = lookUp(value, path.split('.'));
    return { key: path, value: showValue(entry, secret), source: sources.get(path) ?? '' };
  });
}

/** Three columns, two blanks between them. */
export function renderConfigRows(rows: readonly ConfigRow[]): string {
  const width = (column: 'key' | 'value'): number => Math.max(0, ...rows.map((row) => row[column].length));
  const [keys, values] = [width('key'), width('value')];
  return rows
    .map(
      ({ key, value, source }) => `${key.padEnd(keys)}  ${value.padEnd(values)}  ${source}`.trimEnd() + '\n',
    )
    .join('');
}

function showValue(value: unknown, secret: boolean): string {
  if (value === undefined || (secret && value === '')) return '(not set)';
  if (secret) return '(set, hidden)';
  if (typeof value !== 'string') return JSON.stringify(value);
  const shown = withoutPassword(value);
  // What is empty, or would move the cursor, is easier to see in quotes.
  return shown === '' || /[\u0000-\u001f\u007f-\u009f]/.test(shown) ? JSON.stringify(shown) : shown;
}

/** An address may carry one, as in https://name:password@host. */
export function withoutPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*):[^/?#\s@]*@/i, '$1:***@');
}
