import type { Column } from "./column.ts";
import type { Frame } from "./rolling.ts";
import type { Windowed } from "./window.ts";

/** Each row's frame as a stretch of `members`: rows of its group, ordered as the frame counts them. */
export interface Frames {
  readonly rows: Int32Array;
  /** The frame of `rows[i]` is `members[from[i]] … members[to[i] - 1]`. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly members: Int32Array;
}

/** `on` is the column of a range frame. */
export function framesOf(frame: Frame, { groups: { codes }, peers }: Windowed, on: Column | undefined): Frames {
  const count = codes.length;
  const value = on === undefined ? undefined : Float64Array.from({ length: count }, (_, row) => Number(on.at(row) ?? NaN));
  const members = Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => codes[a]! - codes[b]! || (value ? compare(value[a]!, value[b]!) : 0) || a - b);
  const [from, to] = [new Int32Array(count), new Int32Array(count)];
  for (let start = 0, end: number; start < count; start = end) {
    end = start + 1;
    while (end < count && codes[members[end]!] === codes[members[start]!]) end++;
    if (value) rangeFrames(frame as RangeOf, members, value, start, end, from, to);
    else rowFrames(frame as RowsOf, peers && ((i) => peers[members[i]!]!), start, end, from, to);
  }
  return { rows: members, from, to, members };
}

type RowsOf = Extract<Frame, { kind: "rows" }>;
type RangeOf = Extract<Frame, { kind: "range" }>;

/** What has no value comes first. */
const compare = (a: number, b: number): number => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a < b ? -1 : a > b ? 1 : 0);

function rowFrames(frame: RowsOf, peer: ((i: number) => number) | undefined, start: number, end: number, from: Int32Array, to: Int32Array): void {
  for (let i = start; i < end; i++) {
    let low = Math.max(start, i + frame.start);
    let high = Math.min(end, i + frame.end + 1);
    if (frame.peers && peer) {
      while (low > start && peer(low - 1) === peer(low)) low--;
      while (high < end && peer(high) === peer(high - 1)) high++;
    }
    [from[i], to[i]] = [low, high];
  }
}

function rangeFrames({ preceding, following }: RangeOf, members: Int32Array, value: Float64Array, start: number, end: number, from: Int32Array, to: Int32Array): void {
  const at = (i: number): number => value[members[i]!]!;
  let known = start;
  while (known < end && Number.isNaN(at(known))) known++;
  from.fill(start, start, known);
  to.fill(known, start, known);
  for (let i = known, low = known, high = known; i < end; i++) {
    const least = preceding === Infinity ? -Infinity : at(i) - preceding;
    const most = following === Infinity ? Infinity : at(i) + following;
    while (at(low) < least) low++;
    while (high < end && at(high) <= most) high++;
    [from[i], to[i]] = [low, high];
  }
}
