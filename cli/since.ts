import { UsageError } from './failure.ts';

const unitsMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** What `--since` says: milliseconds since 1970. Throws UsageError. */
export function parseSince(since: string, nowMs: number): number {
  const [, number, unit] = /^(\d+)([mhdw])$/.exec(since) ?? [];
  if (number !== undefined) return nowMs - Number(number) * unitsMs[unit as keyof typeof unitsMs];
  // A day without a time means that day here, and not in Greenwich.
  const ms = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(since) ? `${since}T00:00` : since);
  if (!Number.isNaN(ms)) return ms;
  throw new UsageError(
    `--since ${JSON.stringify(since)} is no time; say 2026-11-01, 2026-11-01T12:00, or 7d`,
  );
}
