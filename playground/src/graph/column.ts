/** One box below the other: what is drawn of a graph that is too large to be laid out well. */
import type { Box, Edge, Layout } from "./layout.ts";

const BETWEEN = 44;

export function inColumn(boxes: readonly Box[], edges: readonly Edge[]): Layout {
  const width = Math.max(0, ...boxes.map((box) => box.width));
  let height = 0;
  const places = new Map(boxes.map((box) => {
    const place = { x: (width - box.width) / 2, y: height };
    height += box.height + BETWEEN;
    return [box.id, place] as const;
  }));
  const below = new Map(boxes.map((box) => [box.id, places.get(box.id)!.y + box.height]));
  const lines = edges.map((edge) => ({ edge, points: [{ x: width / 2, y: below.get(edge.from)! }, { x: width / 2, y: places.get(edge.to)!.y }] }));
  return { width, height: height - BETWEEN, places, lines };
}
