import type { Point } from "./layout.ts";

/** Straight through the points, rounded at the bends. */
export function pathThrough(points: readonly Point[], radius = 7): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const parts = [`M${first.x} ${first.y}`];
  rest.forEach((point, n) => {
    const next = rest[n + 1];
    if (!next) return void parts.push(`L${point.x} ${point.y}`);
    const before = towards(point, points[n]!, radius);
    const after = towards(point, next, radius);
    parts.push(`L${before.x} ${before.y}Q${point.x} ${point.y} ${after.x} ${after.y}`);
  });
  return parts.join("");
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const share = Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}
