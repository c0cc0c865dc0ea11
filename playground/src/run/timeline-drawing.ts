/** Draws the visible part of a timeline: work by pixel, not by span. */
import { milliseconds } from "./units.ts";
import type { Span, Timeline } from "./spans.ts";

export interface Viewport {
  /** Milliseconds at the left and right edge. */
  readonly from: number;
  readonly to: number;
}

export const LANE = 38;
export const AXIS = 24;
export const LABEL = 64;
const BAR = 26;

export type Colours = Readonly<Record<"text" | "faint" | "border" | "planning" | "wait" | "exchange" | "on", string>> & { readonly operators: readonly string[] };

export function draw(context: CanvasRenderingContext2D, timeline: Timeline, { from, to }: Viewport, width: number, colours: Colours): void {
  const height = AXIS + timeline.lanes.length * LANE;
  context.clearRect(0, 0, width, height);
  context.font = "12px ui-monospace, 'DejaVu Sans Mono', monospace";
  context.textBaseline = "middle";
  const x = (time: number) => LABEL + ((time - from) / (to - from)) * (width - LABEL);
  for (const tick of ticks(from, to)) {
    context.fillStyle = colours.border;
    context.fillRect(x(tick), AXIS - 5, 1, height);
    context.fillStyle = colours.faint;
    context.fillText(milliseconds(tick), x(tick) + 4, AXIS / 2);
  }
  context.save();
  context.beginPath();
  context.rect(LABEL, 0, width - LABEL, height);
  context.clip();
  timeline.lanes.forEach((lane, rank) => drawLane(context, lane, AXIS + rank * LANE + (LANE - BAR) / 2, x, { from, to }, colours));
  context.restore();
  context.fillStyle = colours.text;
  timeline.lanes.forEach((_, rank) => context.fillText(`rank ${rank}`, 6, AXIS + rank * LANE + LANE / 2));
}

function drawLane(context: CanvasRenderingContext2D, lane: readonly Span[], y: number, x: (time: number) => number, { from, to }: Viewport, colours: Colours): void {
  for (let n = firstAfter(lane, from); n < lane.length && lane[n]!.start < to; ) {
    const span = lane[n]!;
    const left = x(span.start);
    const width = Math.max(x(span.end) - left, 1);
    context.fillStyle = colourOf(span, colours);
    context.fillRect(left, y, width > 3 ? width - 1 : width, BAR);
    if (width > 42) label(context, span, left, y, width, colours);
    // What begins within the same pixel would be painted over it.
    const next = Math.floor(left) + 1;
    n = width > 1 ? n + 1 : Math.max(n + 1, firstAfter(lane, from + ((next - LABEL) / (x(to) - LABEL)) * (to - from)));
  }
}

function label(context: CanvasRenderingContext2D, span: Span, left: number, y: number, width: number, colours: Colours): void {
  const most = Math.floor((width - 10) / 7.3);
  const visible = Math.max(left, LABEL);
  context.fillStyle = span.kind === "wait" || span.kind === "planning" ? colours.faint : colours.on;
  context.fillText(span.name.length > most ? `${span.name.slice(0, Math.max(1, most - 1))}…` : span.name, visible + 5, y + BAR / 2);
}

/** The first span that ends after a time. */
export function firstAfter(lane: readonly Span[], time: number): number {
  let [low, high] = [0, lane.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane[middle]!.end > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function colourOf(span: Span, colours: Colours): string {
  if (span.kind !== "operator") return colours[span.kind];
  let hash = 0;
  for (const character of span.name) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return colours.operators[hash % colours.operators.length]!;
}

/** Round times, about eight. */
function ticks(from: number, to: number): number[] {
  const rough = (to - from) / 8;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((s) => s >= rough) ?? power;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, n) => first + n * step);
}
