import slugify from '@sindresorhus/slugify';

/**
 * A name for a meeting that sorts by time and can be read: `20261121-0153-eliza-parry-k3f9`, in local
 * time. `random` gives numbers from 0 to below 1.
 */
export function createMeetingId(
  names: { a: string; b: string },
  now: Date,
  random: () => number = Math.random,
): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}`;
  const salt = Math.floor(random() * 36 ** 4)
    .toString(36)
    .padStart(4, '0');
  return [day, time, toSlug(names.a, 'a'), toSlug(names.b, 'b'), salt].join('-');
}

function toSlug(name: string, otherwise: string): string {
  // A hostile name may be as long as a greeting allows, and transliteration can triple it.
  const slug = slugify(name.slice(0, 60)).slice(0, 24);
  return slug.replace(/^-+|-+$/g, '') || otherwise;
}
