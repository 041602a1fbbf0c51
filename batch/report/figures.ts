import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Interval } from '../statistics/bootstrap.ts';

/** A page's width on a telephone, and a column of it elsewhere. Pixels. */
const panelWidth = 350;
const rowHeight = 30;
const labelWidth = 124;
const longestLabel = 16;

/** Something with an interval, on a line of its own. */
export interface IntervalRow {
  readonly name: string;
  readonly interval: Interval;
  /** How many meetings it rests on. */
  readonly count: number;
  /** Where they are listed, in the page. */
  readonly href: string;
}

export interface IntervalOptions {
  /** What stands below the axis. */
  readonly label: string;
  /** What it says to those who cannot see it. */
  readonly title: string;
  /** Of the axis, where it has natural ends. */
  readonly domain?: readonly [number, number];
  /** A line that means something, such as the middle. */
  readonly reference?: number;
  readonly format: (value: number) => string;
}

/** A point with its interval for each, one below the other. */
export function drawIntervals(rows: readonly IntervalRow[], options: IntervalOptions): string {
  const { label, title, domain, reference, format } = options;
  const all = rows.flatMap(({ interval }) => [interval.low, interval.high]);
  const [low, high] =
    domain ?? widen(Math.min(...all, reference ?? Infinity), Math.max(...all, reference ?? -Infinity));
  const common = { y: 'key' } as const;
  const data = rows.map(({ name, interval, count, href }) => ({
    key: name,
    ...interval,
    href,
    title: `${name}: ${format(interval.estimate)} (${format(interval.low)} to ${format(interval.high)}), n = ${count}`,
  }));
  return draw({
    ...frame(rows.length, title),
    x: {
      label,
      domain: [low, high],
      ticks: 4,
      grid: true,
      tickFormat: shortNumber,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: rowScale(rows.map(({ name }) => name)),
    marks: [
      ...(reference === undefined
        ? []
        : [Plot.ruleX([reference], { stroke: 'var(--soft)', strokeDasharray: '3 3' })]),
      Plot.ruleY(data, {
        ...common,
        x1: 'low',
        x2: 'high',
        stroke: 'var(--mark-1)',
        strokeWidth: 3,
        strokeOpacity: 0.45,
      }),
      Plot.dot(data, {
        ...common,
        x: 'estimate',
        r: 5,
        fill: 'var(--mark-1)',
        stroke: 'var(--page)',
        href: 'href',
        title: 'title',
      }),
    ],
  });
}

/** Part of a bar. */
export interface BarPart {
  readonly row: string;
  readonly part: string;
  readonly count: number;
  readonly href: string;
}

/** Counts that add up, one bar below the other. `parts`: in the order of the colours. */
export function drawBars(
  parts: readonly BarPart[],
  {
    rows,
    kinds,
    label,
    title,
  }: {
    readonly rows: readonly string[];
    readonly kinds: readonly string[];
    readonly label: string;
    readonly title: string;
  },
): string {
  const most = Math.max(
    1,
    ...rows.map((row) => parts.filter((part) => part.row === row).reduce((sum, { count }) => sum + count, 0)),
  );
  const data = parts.map((part) => ({ ...part, title: `${part.row}: ${part.part}, ${part.count}` }));
  return draw({
    ...frame(rows.length, title),
    x: {
      label,
      domain: [0, most],
      ticks: Math.min(4, most),
      grid: true,
      tickFormat: shortNumber,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: rowScale(rows),
    color: { domain: [...kinds], range: kinds.map((_, at) => colourOf(at)) },
    marks: [
      Plot.barX(data, {
        ...Plot.stackX({ x: 'count', y: 'row', fill: 'part', order: [...kinds] }),
        href: 'href',
        title: 'title',
        insetTop: 3,
        insetBottom: 3,
        insetRight: 1,
      }),
    ],
  });
}

/** Names of the colours of a figure's parts, as HTML. `names` are escaped already. */
export function drawLegend(names: readonly string[]): string {
  const entries = names.map((name, at) => `<li><i style="background:${colourOf(at)}"></i>${name}</li>`);
  return `<ul class="legend">${entries.join('')}</ul>`;
}

export interface MatrixCell {
  readonly row: string;
  readonly column: string;
  /** From 0 to 1. */
  readonly share: number;
  readonly text: string;
  readonly href: string;
}

/** A square for each pair, darker with a larger share. */
export function drawMatrix(cells: readonly MatrixCell[], names: readonly string[], title: string): string {
  const size = Math.max(66, (panelWidth - labelWidth - 24) / names.length);
  const margin = names.length > 2 ? 60 : 24;
  const width = labelWidth + margin + size * names.length;
  const data = cells.map((cell) => ({ ...cell, title: `${cell.row} against ${cell.column}: ${cell.text}` }));
  const labels = labelsOf(names);
  return draw({
    document,
    className: 'plot',
    ariaLabel: title,
    style: textStyle,
    width,
    height: 40 * names.length + (names.length > 2 ? 90 : 50),
    marginLeft: labelWidth,
    marginRight: margin,
    marginTop: names.length > 2 ? 80 : 40,
    marginBottom: 10,
    x: {
      domain: [...names],
      axis: 'top',
      label: null,
      tickSize: 0,
      tickFormat: (name: string) => labels.get(name) ?? name,
      tickRotate: names.length > 2 ? -25 : 0,
    },
    y: rowScale(names),
    marks: [
      Plot.cell(data, {
        x: 'column',
        y: 'row',
        fill: 'var(--mark-1)',
        fillOpacity: (cell: MatrixCell) => 0.08 + 0.5 * cell.share,
        inset: 1,
        href: 'href',
        title: 'title',
      }),
      Plot.text(data, { x: 'column', y: 'row', text: 'text', pointerEvents: 'none' }),
    ],
  });
}

const { document } = parseHTML('<!doctype html><html><body></body></html>');
const textStyle = { fontSize: '12px', fontFamily: 'inherit', overflow: 'visible' };

function frame(rows: number, title: string) {
  return {
    document,
    className: 'plot',
    ariaLabel: title,
    style: textStyle,
    width: panelWidth,
    height: rows * rowHeight + 48,
    marginLeft: labelWidth,
    marginRight: 16,
    marginTop: 6,
    marginBottom: 42,
  };
}

function rowScale(names: readonly string[]) {
  const labels = labelsOf(names);
  return {
    domain: [...names],
    label: null,
    tickSize: 0,
    tickFormat: (name: string) => labels.get(name) ?? name,
  };
}

/** Short ones, that are still told apart. */
function labelsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const short = (name: string): string => {
    const characters = [...name];
    if (characters.length <= longestLabel) return name;
    return `${characters.slice(0, longestLabel - 8).join('')}…${characters.slice(-7).join('')}`;
  };
  return new Map(names.map((name) => [name, short(name)]));
}

/** A point at the very edge is hard to see, and one value needs an axis, too. */
function widen(low: number, high: number): [number, number] {
  const margin = (high - low) * 0.06 || Math.max(Math.abs(high) * 0.5, 0.5);
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}

function shortNumber(value: number): string {
  return new Intl.NumberFormat('en-US', {
    notation: Math.abs(value) >= 10_000 ? 'compact' : 'standard',
    maximumSignificantDigits: 4,
  }).format(value);
}

function colourOf(at: number): string {
  return `var(--mark-${(at % 8) + 1})`;
}

function draw(options: Plot.PlotOptions): string {
  const svg = Plot.plot(options);
  // Its points are links, which a picture may not have.
  svg.setAttribute('role', 'group');
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  return svg.outerHTML;
}
