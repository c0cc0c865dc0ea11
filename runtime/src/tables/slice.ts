/** The bounds of `slice(start, end)` in that many rows: negative numbers count from the end. */
export function sliceOf(start: number, end: number, rows: number): [from: number, to: number] {
  const position = (index: number): number => Math.min(rows, Math.max(0, index < 0 ? rows + index : index));
  return [position(Math.trunc(start) || 0), position(Math.trunc(end) || 0)];
}
