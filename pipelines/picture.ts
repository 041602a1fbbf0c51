import stringWidth from 'string-width';
import { escapeHtml } from '../journal/render/html-words.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';
import { arrangeGraph, type Place, type Size } from './arrange-graph.ts';
import { describeCondition, isCondition } from './conditions.ts';
import { needsOf } from './graph.ts';
import { pictureStyle } from './picture-style.ts';
import type { Step } from './pipeline.ts';
import { stateSigns, type StepState } from './run-view.ts';

type DrawnStep = Pick<Step, 'module' | 'inputs' | 'output_name' | 'when'>;

export interface PictureOptions {
  /** What the picture is called. */
  readonly title: string;
  /** How far each step is, by its name; absent: the pipeline as such. */
  readonly states?: ReadonlyMap<string, { readonly state: StepState; readonly note: string }>;
  /** Where a click on a step leads to. */
  readonly linkOf?: (step: string) => string;
  /** The picture stands alone, and brings its colours along; else they are those of the page. */
  readonly isAlone?: boolean;
}

/** Pixels. Widths are guessed: fonts differ, and nothing here can measure them. */
const characterWidth = 7.6;
const smallCharacterWidth = 6.6;
const lineHeight = 18;
const padding = 14;

/** The graph of a pipeline as SVG, without scripts and without inline styles. */
export function drawPipeline(steps: readonly DrawnStep[], options: PictureOptions): string {
  const boxes = new Map(steps.map((step) => [step.output_name, boxOf(step, options)]));
  const { nodes, edges, width, height } = arrange(steps, boxes);
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="pipeline" role="img" aria-label="${escapeHtml(options.title)}" ${size}>`,
    `<title>${escapeHtml(options.title)}</title>`,
    ...(options.isAlone ? [`<style>${pictureStyle}</style>`] : []),
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>`,
    ...(options.isAlone ? [`<rect class="ground" width="100%" height="100%"/>`] : []),
    ...edges.map(drawLine),
    // Above all lines, those of others too.
    ...edges.map(drawLabel),
    ...nodes.map(({ name, ...place }) => {
      const box = boxes.get(name);
      return box ? drawBox(box, place, options.linkOf?.(name)) : '';
    }),
    '</svg>',
  ].join('\n');
}

/** A page that holds nothing but the picture. */
export function picturePage(svg: string, title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Colloquy">
<title>${escapeHtml(title)}</title>
<style>${pictureStyle}${pageStyle}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<div class="picture">
${svg}
</div>
</body>
</html>
`;
}

const pageStyle = `
body { margin: 0; padding: 1.5rem; background: var(--graph-page); color: var(--graph-ink); font-family: system-ui, sans-serif; }
h1 { margin: 0 0 1rem; font-size: 1.3rem; text-align: center; }
.picture { overflow-x: auto; }
.picture svg { display: block; margin: 0 auto; }
`;

interface Box {
  readonly lines: readonly { readonly text: string; readonly kind: 'name' | 'module' | 'note' }[];
  readonly state: StepState | undefined;
  readonly width: number;
  readonly height: number;
}

function boxOf({ output_name: name, module }: DrawnStep, { states }: PictureOptions): Box {
  const look = states?.get(name);
  const lines = [
    { text: look ? `${stateSigns[look.state]} ${name}` : name, kind: 'name' as const },
    { text: module, kind: 'module' as const },
    ...(look && look.note !== '' ? [{ text: visibleLine(look.note), kind: 'note' as const }] : []),
  ];
  const widthOf = ({ text, kind }: (typeof lines)[number]): number =>
    stringWidth(text) * (kind === 'name' ? characterWidth + 0.6 : smallCharacterWidth);
  return {
    lines,
    state: look?.state,
    width: Math.max(90, ...lines.map(widthOf)) + 2 * padding,
    height: lines.length * lineHeight + padding,
  };
}

interface Arranged {
  readonly nodes: readonly (Place & { readonly name: string })[];
  readonly edges: readonly DrawnEdge[];
  readonly width: number;
  readonly height: number;
}

interface DrawnEdge {
  readonly points: readonly Place[];
  readonly label: string;
  readonly place: Place;
  readonly isDashed: boolean;
}

function arrange(steps: readonly DrawnStep[], boxes: ReadonlyMap<string, Box>): Arranged {
  const lines = steps.flatMap((step) =>
    needsOf(step).map((need) => {
      const label = step.when && isCondition(step, need) ? describeCondition(step.when) : '';
      return { from: need, to: step.output_name, label, isDashed: !step.inputs.includes(need) };
    }),
  );
  const arranged = arrangeGraph(
    boxes,
    lines.map(({ from, to, label }) => ({ from, to, label: label === '' ? undefined : roomFor(label) })),
  );
  return {
    ...arranged,
    nodes: [...arranged.nodes].map(([name, place]) => ({ name, ...place })),
    edges: arranged.edges.map(({ points, middle }, at) => ({
      points,
      place: middle,
      label: lines[at]?.label ?? '',
      isDashed: lines[at]?.isDashed ?? false,
    })),
  };
}

function roomFor(label: string): Size {
  return { width: stringWidth(label) * smallCharacterWidth + 8, height: lineHeight };
}

function drawBox({ lines, state, width, height }: Box, { x, y }: Place, link: string | undefined): string {
  const top = y - height / 2 + padding / 2;
  const texts = lines.map(
    ({ text, kind }, at) =>
      `<text class="${kind}" x="${round(x)}" y="${round(top + (at + 0.72) * lineHeight)}">${escapeHtml(text)}</text>`,
  );
  const rectangle = `<rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${round(width)}" height="${round(height)}" rx="8"/>`;
  const group = `<g class="box${state === undefined ? '' : ` ${state}`}">${rectangle}${texts.join('')}</g>`;
  return link === undefined ? group : `<a href="${escapeHtml(link)}">${group}</a>`;
}

function drawLine({ points, isDashed }: DrawnEdge): string {
  return `<path class="line${isDashed ? ' dashed' : ''}" d="${curveThrough(points)}" marker-end="url(#arrow)"/>`;
}

function drawLabel({ label, place }: DrawnEdge): string {
  if (label === '') return '';
  return `<text class="condition" x="${round(place.x)}" y="${round(place.y + 4)}">${escapeHtml(visibleLine(label))}</text>`;
}

/** Straight at both ends, and bent where it turns. */
function curveThrough(points: readonly Place[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  const at = ({ x, y }: Place): string => `${round(x)} ${round(y)}`;
  const bends = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? point;
    return `Q${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  const last = rest.at(-1) ?? first;
  return [`M${at(first)}`, ...bends, `L${at(last)}`].join(' ');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
