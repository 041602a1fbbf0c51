import { createHash } from 'node:crypto';
import slugify from '@sindresorhus/slugify';
import type { Seat } from '../wire/types.ts';
import { labelOf, settingName, type Matrix, type ServiceWish, type Setting } from './matrix.ts';

/** Who sits where, as the matrix says it. */
export interface SeatWish {
  readonly persona: string;
  /** Absent: the persona's own. */
  readonly service?: ServiceWish;
}

/** One meeting of a batch. */
export interface Job {
  /** The same whenever the same cell of the matrix is expanded, whatever else stands in it. */
  readonly id: string;
  readonly seats: { readonly [seat in Seat]: SeatWish };
  readonly seed: number;
  /** From 1. */
  readonly repetition: number;
  readonly setting: Setting;
  readonly settingName: string;
  /** Who begins where that is left to chance. */
  readonly chosenFirst: Seat;
}

/** The meetings of a matrix. Repetitions and seeds vary last, so that half a batch is half of every cell. */
export function expandMatrix(matrix: Matrix): Job[] {
  const { personas, services, settings, exclude, repeat } = matrix;
  const jobs: Job[] = [];
  for (let repetition = 1; repetition <= repeat; repetition++) {
    for (const seed of matrix.seeds ?? [repetition]) {
      for (const [at, setting] of settings.entries()) {
        for (const a of pairsOf(personas.a, services.a)) {
          for (const b of pairsOf(personas.b, services.b)) {
            jobs.push(
              toJob({ seats: { a, b }, seed, repetition, setting, settingName: settingName(setting, at) }),
            );
          }
        }
      }
    }
  }
  return jobs.filter((job) => !exclude.some((each) => isExcluded(job, each)));
}

function pairsOf(personas: readonly string[], services: readonly ServiceWish[] | undefined): SeatWish[] {
  return personas.flatMap((persona): SeatWish[] =>
    services ? services.map((service) => ({ persona, service })) : [{ persona }],
  );
}

function toJob(cell: Omit<Job, 'id' | 'chosenFirst'>): Job {
  const { seats, seed, repetition, setting } = cell;
  // What a setting or a service is called changes nothing about the meeting; in what order keys stand, neither.
  const { name, ...said } = setting;
  void name;
  const hash = createHash('sha256')
    .update(canonical([seats.a, seats.b, seed, repetition, said]))
    .digest();
  const id = [
    slug(seats.a.persona),
    slug(seats.b.persona),
    `s${seed}`.replace('-', 'm'),
    `r${repetition}`,
    hash.toString('hex').slice(0, 10),
  ].join('-');
  return { id, ...cell, chosenFirst: (hash.at(-1) ?? 0) % 2 === 0 ? 'a' : 'b' };
}

/** A file is known by its last part. */
function slug(persona: string): string {
  const last = persona.split(/[/\\]/).at(-1) ?? persona;
  return (
    slugify(last.replace(/\.md$/i, '').slice(0, 60))
      .slice(0, 20)
      .replace(/^-+|-+$/g, '') || 'persona'
  );
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

function isExcluded({ seats, seed, settingName }: Job, exclusion: Matrix['exclude'][number]): boolean {
  const own: Readonly<Record<keyof typeof exclusion, string | number>> = {
    a: seats.a.persona,
    b: seats.b.persona,
    service_a: labelOf(seats.a.service),
    service_b: labelOf(seats.b.service),
    seed,
    setting: settingName,
  };
  return Object.entries(exclusion).every(([key, value]) => own[key as keyof typeof own] === value);
}
