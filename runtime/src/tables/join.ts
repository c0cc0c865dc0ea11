import { LockstepError } from "../errors/index.ts";
import type { Column, Rows } from "./column.ts";
import { joinCodes } from "./keys.ts";
import type { Columns } from "./row.ts";

/** One pair of join keys. `shared` is the name of a column that both sides have under it: it appears once. */
export interface JoinKey {
  readonly left: Column;
  readonly right: Column;
  readonly shared: string | undefined;
}

/** A table as join sees it. */
export interface Side {
  readonly columns: Columns;
  readonly rows: number;
}

function codes(left: Side, right: Side, keys: readonly JoinKey[]): [Int32Array, Int32Array] {
  if (keys.length === 0) throw new LockstepError({ code: "LS2016", message: "a join needs a key" });
  return joinCodes(keys.map((key) => key.left), keys.map((key) => key.right), left.rows, right.rows);
}

/** Matching pairs in left row order, within one in right row order; with `unmatched`, the other left rows last. */
export function joinRows(left: Side, right: Side, keys: readonly JoinKey[], unmatched: boolean): { left: Rows; right: Rows } {
  const [codesLeft, codesRight] = codes(left, right, keys);
  const byCode = new Map<number, number[]>();
  codesRight.forEach((code, row) => {
    if (code < 0) return;
    const rows = byCode.get(code);
    if (rows === undefined) byCode.set(code, [row]);
    else rows.push(row);
  });
  const outLeft: number[] = [];
  const outRight: number[] = [];
  const missing: number[] = [];
  codesLeft.forEach((code, row) => {
    const matches = byCode.get(code);
    if (matches === undefined) missing.push(row);
    else for (const match of matches) outLeft.push(row), outRight.push(match);
  });
  if (unmatched) for (const row of missing) outLeft.push(row), outRight.push(-1);
  return { left: Int32Array.from(outLeft), right: Int32Array.from(outRight) };
}

/** The left rows that have a match (or, `anti`, that have none), in order. */
export function matchingRows(left: Side, right: Side, keys: readonly JoinKey[], anti: boolean): Rows {
  const [codesLeft, codesRight] = codes(left, right, keys);
  const present = new Set(codesRight);
  present.delete(-1);
  const rows: number[] = [];
  codesLeft.forEach((code, row) => {
    if (present.has(code) !== anti) rows.push(row);
  });
  return Int32Array.from(rows);
}

/** The columns of a join: shared keys once, other clashing names with `_1` and `_2`. */
export function joinColumns(left: Side, right: Side, keys: readonly JoinKey[], rows: { left: Rows; right: Rows }): Map<string, Column> {
  const shared = new Set(keys.map((key) => key.shared));
  const rightNames = [...right.columns.keys()].filter((name) => !shared.has(name));
  const clash = new Set(rightNames.filter((name) => left.columns.has(name)));
  const out = new Map<string, Column>();
  const add = (name: string, column: Column) => {
    if (out.has(name)) {
      throw new LockstepError({
        code: "LS2016",
        message: `the join has two columns named "${name}"`,
        fix: "Columns of the same name on both sides get _1 and _2. Rename or leave out the column that already has such a name.",
      });
    }
    out.set(name, column);
  };
  for (const [name, column] of left.columns) add(clash.has(name) ? `${name}_1` : name, column.take(rows.left));
  for (const name of rightNames) add(clash.has(name) ? `${name}_2` : name, right.columns.get(name)!.take(rows.right));
  return out;
}
