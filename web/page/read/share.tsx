import type { JSX } from 'preact';
import { formatNumber, nameOf } from '../../../journal/render/sentences.ts';
import type { Series, SeriesPoint } from '../../archive-api.ts';

interface Measure {
  readonly title: string;
  readonly a: number;
  readonly b: number;
}

/** Who speaks how much. The bars repeat what the table says. */
export function Share({ series }: { readonly series: Series }): JSX.Element {
  const sum = (seat: 'a' | 'b', of: (point: SeriesPoint) => number): number =>
    series.points.filter((point) => point.seat === seat).reduce((total, point) => total + of(point), 0);
  const measure = (title: string, of: (point: SeriesPoint) => number): Measure => ({
    title,
    a: sum('a', of),
    b: sum('b', of),
  });
  const measures = [
    measure('Turns', () => 1),
    measure('Characters', ({ characters }) => characters),
    measure('Tokens written', ({ output = 0 }) => output),
    measure('Seconds of writing', ({ ms = 0 }) => Math.round(ms / 1_000)),
  ].filter(({ a, b }) => a + b > 0);
  const seats = { a: { name: series.names.a }, b: { name: series.names.b } };
  return (
    <figure class="share">
      <figcaption>Who speaks how much</figcaption>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Of what</span>
            </th>
            <th scope="col" class="a">
              <b title={nameOf(seats, 'a')}>{nameOf(seats, 'a')}</b>
            </th>
            <th scope="col" class="bar">
              <span class="unseen">As a bar</span>
            </th>
            <th scope="col" class="b">
              <b title={nameOf(seats, 'b')}>{nameOf(seats, 'b')}</b>
            </th>
          </tr>
        </thead>
        <tbody>
          {measures.map(({ title, a, b }) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              <td class="figure">{formatNumber(a)}</td>
              <td class="bar" aria-hidden="true">
                <span class="both">
                  <span style={{ width: `${(100 * a) / (a + b)}%` }} />
                </span>
              </td>
              <td class="figure">{formatNumber(b)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
