/** The bounds of `slice(start, end)` in that many rows: negative numbers count from the end. */
export function sliceOf(start: number, end: number, rows: number): [from: number, to: number] {
  const position = (index: number): number => Math.min(rows, Math.max(0, index < 0 ? rows + index : index));
  return [position(Math.trunc(start) || 0), position(Math.trunc(end) || 0)];
}

/** Some of a table's rows. */
export interface RowRange {
  /** At most so many rows. */
  readonly limit?: number;
  /** After so many rows. */
  readonly offset?: number;
}

/** The bounds of `{ limit, offset }` in that many rows: what is below 0, or no number, counts as 0. */
export function rangeOf({ limit = Infinity, offset = 0 }: RowRange, rows: number): [from: number, to: number] {
  const whole = (n: number): number => Math.max(0, Math.trunc(n) || 0);
  const from = Math.min(rows, whole(offset));
  return [from, Math.min(rows, from + whole(limit))];
}
