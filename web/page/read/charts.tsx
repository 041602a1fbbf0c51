import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import uPlot from 'uplot';
import { formatNumber, formatSeconds, nameOf } from '../../../journal/render/sentences.ts';
import type { Series } from '../../archive-api.ts';
import { formatDollars } from '../shell/dollars.ts';
import { chartsOf, describeChart, type Chart } from './chart-data.ts';

const formats = { ms: formatMilliseconds, count: formatNumber, dollars: formatDollars } as const;

/** "12 ms", "2.3 s": an axis of a quick meeting would be all nought. */
function formatMilliseconds(ms: number): string {
  return ms < 100 && ms > 0 ? `${Number(ms.toPrecision(2))} ms` : formatSeconds(ms);
}

/** A meeting's figures, turn by turn. What a chart shows is said in words below it, and stands in the table of turns. */
export function Charts({ series }: { readonly series: Series }): JSX.Element {
  const seats = { a: { name: series.names.a }, b: { name: series.names.b } };
  const names = { a: nameOf(seats, 'a'), b: nameOf(seats, 'b') };
  return (
    <div class="charts">
      {chartsOf(series, names).map((chart) => (
        <ChartFigure key={chart.title} chart={chart} />
      ))}
    </div>
  );
}

function ChartFigure({ chart }: { readonly chart: Chart }): JSX.Element {
  const format = formats[chart.unit];
  const place = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState('');
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    return draw(element, chart, format, setPointed);
  }, [chart]);
  const words = describeChart(chart, format);
  return (
    <figure class="chart">
      <figcaption>
        <span>{chart.title}</span>
        <span class="legend">
          {chart.lines.map(({ name, seat }) => (
            <span key={name} class={`swatch ${seat ?? 'both'}`}>
              {name}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} class="canvas" role="img" aria-label={`${chart.title}. ${words}`} />
      <p class="soft pointed">{pointed === '' ? words : pointed}</p>
    </figure>
  );
}

const height = 200;

/** Draws it in the colours of the page, and again when those change or the place does. Returns what ends that. */
function draw(
  element: HTMLElement,
  chart: Chart,
  format: (value: number) => string,
  onPointed: (words: string) => void,
): () => void {
  let plot: uPlot | undefined;
  const redraw = (): void => {
    plot?.destroy();
    plot = new uPlot(optionsOf(element, chart, format, onPointed), dataOf(chart), element);
  };
  redraw();
  const sizes = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
  sizes.observe(element);
  const scheme = window.matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', redraw);
  const theme = new MutationObserver(redraw);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    sizes.disconnect();
    theme.disconnect();
    scheme.removeEventListener('change', redraw);
    plot?.destroy();
  };
}

function dataOf({ turns, lines }: Chart): uPlot.AlignedData {
  return [[...turns], ...lines.map(({ values }) => [...values])];
}

function optionsOf(
  element: HTMLElement,
  { turns, lines, isSum }: Chart,
  format: (value: number) => string,
  onPointed: (words: string) => void,
): uPlot.Options {
  const colors = colorsOf(element);
  const axis = {
    stroke: colors.soft,
    grid: { stroke: colors.line, width: 1 },
    ticks: { stroke: colors.line, width: 1 },
    font: '12px system-ui, sans-serif',
  };
  const isSparse = turns.length <= 60;
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] },
      { ...axis, size: 68, values: (_plot, values) => values.map((value) => format(value)) },
    ],
    series: [
      {},
      ...lines.map(({ name, seat }) => {
        const stroke = seat ? colors[seat] : colors.mark;
        return {
          label: name,
          stroke,
          width: 1.75,
          spanGaps: true,
          points: { show: isSparse && !isSum, size: 5, fill: stroke, stroke },
          ...(isSum ? { fill: `${stroke}22` } : {}),
        };
      }),
    ],
    cursor: { y: false, drag: { x: false, y: false } },
    hooks: {
      setCursor: [
        ({ cursor: { idx } }) => {
          if (idx === null || idx === undefined) return onPointed('');
          const values = lines.flatMap(({ name, values: all }) => {
            const value = all[idx];
            return value === null || value === undefined ? [] : `${name}: ${format(value)}`;
          });
          onPointed(`Turn ${turns[idx] ?? ''}, ${values.join(', ')}`);
        },
      ],
    },
  };
}

/** As the browser resolves them: a canvas knows no variables. */
function colorsOf(element: HTMLElement): Record<'a' | 'b' | 'mark' | 'soft' | 'line', string> {
  const probe = document.createElement('span');
  element.append(probe);
  const colorOf = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return toHex(getComputedStyle(probe).color);
  };
  const colors = {
    a: colorOf('a'),
    b: colorOf('b'),
    mark: colorOf('mark'),
    soft: colorOf('soft'),
    line: colorOf('line'),
  };
  probe.remove();
  return colors;
}

function toHex(color: string): string {
  const parts = color.match(/\d+/g)?.slice(0, 3).map(Number) ?? [0, 0, 0];
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
