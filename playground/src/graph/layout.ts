/** Layered layout by ELK, on a thread of its own. */
import ELK, { type ElkNode } from "elkjs/lib/elk-api.js";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import { inColumn } from "./column.ts";

export interface Box {
  readonly id: number;
  readonly width: number;
  readonly height: number;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Upper left corners, by id. */
  readonly places: ReadonlyMap<number, Point>;
  readonly lines: readonly { readonly edge: Edge; readonly points: readonly Point[] }[];
}

let elk: InstanceType<typeof ELK> | undefined;

/** Boxes that ELK takes in a second. */
const MOST = 300;

/** Milliseconds; then its worker is ended. */
const LIMIT = 10_000;

/** Layered; one below the other where there are too many, and where ELK fails. */
export async function layOut(boxes: readonly Box[], edges: readonly Edge[]): Promise<Layout> {
  if (boxes.length > MOST) return inColumn(boxes, edges);
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), LIMIT)));
  const layout = await Promise.race([layered(boxes, edges).catch(() => null), late]).finally(() => clearTimeout(timer));
  if (layout) return layout;
  elk?.terminateWorker();
  elk = undefined;
  return inColumn(boxes, edges);
}

async function layered(boxes: readonly Box[], edges: readonly Edge[]): Promise<Layout> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const graph: ElkNode = await elk.layout({
    id: "root",
    layoutOptions: {
      "elk.algorithm": "layered",
      "elk.direction": "DOWN",
      "elk.spacing.nodeNode": "28",
      "elk.layered.spacing.nodeNodeBetweenLayers": "44",
      // Source order: what the program reads first stands left.
      "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    },
    children: boxes.map(({ id, width, height }) => ({ id: String(id), width, height })),
    edges: edges.map(({ from, to }, n) => ({ id: `e${n}`, sources: [String(from)], targets: [String(to)] })),
  });
  return {
    width: graph.width ?? 0,
    height: graph.height ?? 0,
    places: new Map(graph.children?.map((child) => [Number(child.id), { x: child.x ?? 0, y: child.y ?? 0 }])),
    lines: (graph.edges ?? []).map((line, n) => {
      const section = line.sections?.[0];
      return { edge: edges[n]!, points: section ? [section.startPoint, ...(section.bendPoints ?? []), section.endPoint] : [] };
    }),
  };
}
