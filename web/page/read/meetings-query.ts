import { address, navigate } from '../shell/router.ts';

/** What the address of the archive says, without what is as it would be anyway. */
export const filterKeys = ['q', 'persona', 'model', 'ended', 'flag', 'from', 'to'] as const;
const keys = [...filterKeys, 'sort', 'order', 'offset'] as const;
export type QueryKey = (typeof keys)[number];
export type MeetingsQuery = { readonly [key in QueryKey]?: string };

export const pageSize = 50;

export function queryOf(parameters: URLSearchParams): MeetingsQuery {
  const entries = keys.flatMap((key) => {
    const value = parameters.get(key)?.trim() ?? '';
    return value === '' ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

/** `/meetings?…`; the same query is always the same address. */
export function addressOf(path: string, query: MeetingsQuery): string {
  const parameters = new URLSearchParams();
  for (const key of keys) {
    const value = query[key] ?? '';
    if (value !== '' && !(key === 'offset' && value === '0')) parameters.set(key, value);
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Puts it into the address. Whatever is changed, the first page of it is shown, unless that is what is changed. */
export function change(changes: MeetingsQuery, options: { readonly replace?: boolean } = {}): void {
  const offset = 'offset' in changes ? {} : { offset: '' };
  navigate(addressOf('/meetings', { ...queryOf(address.value.query), ...offset, ...changes }), options);
}
