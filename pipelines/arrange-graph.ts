import * as dagre from '@dagrejs/dagre';

/** Pixels, of whatever is drawn. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ArrangedGraph extends Size {
  /** The middle of each node, by its name. */
  readonly nodes: ReadonlyMap<string, Place>;
  /** In the order in which they were given; `middle` is that of the label. */
  readonly edges: readonly { readonly points: readonly Place[]; readonly middle: Place }[];
}

/** What is used of dagre, whose own declarations leave out the endings that Node's resolution wants. */
interface Dagre {
  readonly Graph: new () => {
    setGraph(label: object): void;
    setNode(name: string, label: object): void;
    setEdge(from: string, to: string, label: object): void;
    graph(): unknown;
    node(name: string): unknown;
    edge(from: string, to: string): unknown;
  };
  readonly layout: (graph: object) => void;
}
const { Graph, layout } = dagre as unknown as Dagre;

/** Where the nodes of a graph stand, from top to bottom, and which way its lines go. One line at most between two. */
export function arrangeGraph(
  nodes: ReadonlyMap<string, Size>,
  edges: readonly { readonly from: string; readonly to: string; readonly label?: Size | undefined }[],
): ArrangedGraph {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 32, ranksep: 42, marginx: 12, marginy: 12 });
  for (const [name, { width, height }] of nodes) graph.setNode(name, { width, height });
  for (const { from, to, label } of edges) graph.setEdge(from, to, label ? { ...label, labelpos: 'c' } : {});
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as Partial<Size>;
  return {
    width,
    height,
    nodes: new Map([...nodes.keys()].map((name) => [name, placeOf(graph.node(name))])),
    edges: edges.map(({ from, to }) => {
      const edge = graph.edge(from, to) as { readonly points?: readonly Place[] };
      return { points: (edge.points ?? []).map(placeOf), middle: placeOf(edge) };
    }),
  };
}

function placeOf(value: unknown): Place {
  const { x = 0, y = 0 } = value as Partial<Place>;
  return { x, y };
}
