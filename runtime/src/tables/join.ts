import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import type { Column, Rows } from "./column.ts";
import { concatColumns } from "./concat.ts";
import { joinCodes } from "./keys.ts";
import { keyColumn, type Side } from "./operands.ts";
import { columnNamed, cursor, type Columns } from "./row.ts";
import { namesOf } from "./selection.ts";
import type { JoinValues, Suffix } from "./types.ts";

export interface JoinOptions<S extends Suffix = Suffix> {
  /** What columns of one name on both sides end in: "_1" and "_2" by default, "" for the name itself. */
  readonly suffix?: S;
}

/** LS2016 for suffixes that are no two texts. */
export function checkJoin(options: JoinOptions): void {
  checkOptions("join", options);
  const { suffix } = options;
  if (suffix !== undefined && suffix.length !== 2) throw new LockstepError({ code: "LS2016", message: `join: suffix takes two texts, of the left and of the right columns, not ${JSON.stringify(suffix)}` });
}

/** One pair of join keys. `shared` is the name of a column that both sides have under it: it appears once. */
export interface JoinKey {
  readonly left: Column;
  readonly right: Column;
  readonly shared: string | undefined;
}

/** Arquero's forms of `on`: nothing (shared names), a name, [both], [left, right]. */
function keyPairs(on: unknown, left: Columns, right: Columns): [left: unknown, right: unknown][] {
  const given = on ?? [[...left.keys()].filter((name) => right.has(name))];
  const [ofLeft, ofRight = ofLeft, ...more] = typeof given === "string" ? [given] : (given as unknown[]);
  const [keysLeft, keysRight] = [[ofLeft].flat(), [ofRight].flat()];
  if (more.length === 0 && keysLeft.length === keysRight.length) return keysLeft.map((key, i) => [key, keysRight[i]]);
  throw new LockstepError({
    code: "LS2016",
    message: "a join takes as many keys on the left as on the right",
    fix: 'Several keys are written [["a", "b"], ["a", "b"]].',
  });
}

/** The keys that `on` names. */
export function joinKeysOf(left: Side, right: Side, on: unknown): JoinKey[] {
  return keyPairs(on, left.columns, right.columns).map(([a, b]) => ({ left: keyColumn(left, a, "join"), right: keyColumn(right, b, "join"), shared: typeof a === "string" && a === b ? a : undefined }));
}

/** The matches by keys, or by a condition. */
export function matchingOf(left: Side, right: Side, on: unknown, keys?: readonly JoinKey[]): Matching {
  return typeof on === "function" ? byCondition(left, right, on as () => unknown) : byKeys(left, right, keys ?? joinKeysOf(left, right, on));
}

function codes(left: Side, right: Side, keys: readonly JoinKey[]): [Int32Array, Int32Array] {
  if (keys.length === 0) throw new LockstepError({ code: "LS2016", message: "a join needs a key" });
  return joinCodes(keys.map((key) => key.left), keys.map((key) => key.right), left.rows, right.rows);
}

/** Which right rows a left row is joined with. */
export interface Matching {
  /** In their order. */
  of(row: number): readonly number[];
  has(row: number): boolean;
}

/** Rows of equal keys. */
export function byKeys(left: Side, right: Side, keys: readonly JoinKey[]): Matching {
  const [codesLeft, codesRight] = codes(left, right, keys);
  const byCode = new Map<number, number[]>();
  codesRight.forEach((code, row) => {
    if (code < 0) return;
    const rows = byCode.get(code);
    if (rows === undefined) byCode.set(code, [row]);
    else rows.push(row);
  });
  return { of: (row) => byCode.get(codesLeft[row]!) ?? [], has: (row) => byCode.has(codesLeft[row]!) };
}

/** Rows that a condition holds of: every pair is asked. */
function byCondition(left: Side, right: Side, condition: (a: any, b: any) => unknown): Matching {
  const [a, b] = [cursor(left.columns), cursor(right.columns)];
  const holds = (row: number): boolean => {
    b.move(row);
    return Boolean(condition(a.row, b.row));
  };
  const rows = Array.from({ length: right.rows }, (_, row) => row);
  return { of: (row) => (a.move(row), rows.filter(holds)), has: (row) => (a.move(row), rows.some(holds)) };
}

/** Whose rows without a match are kept, and come last. */
export type Outer = "none" | "left" | "right" | "both";

/** Matching pairs in left row order, within one in right row order; then the left rows, then the right rows without a match, as `outer` says. */
export function joinRows(left: Side, right: Side, matching: Matching, outer: Outer): { left: Rows; right: Rows } {
  const outLeft: number[] = [];
  const outRight: number[] = [];
  const missing: number[] = [];
  const met = new Uint8Array(right.rows);
  for (let row = 0; row < left.rows; row++) {
    const matches = matching.of(row);
    if (matches.length === 0) missing.push(row);
    for (const match of matches) {
      met[match] = 1;
      outLeft.push(row), outRight.push(match);
    }
  }
  if (outer === "left" || outer === "both") for (const row of missing) outLeft.push(row), outRight.push(-1);
  if (outer === "right" || outer === "both") {
    met.forEach((isMet, row) => {
      if (!isMet) outLeft.push(-1), outRight.push(row);
    });
  }
  return { left: Int32Array.from(outLeft), right: Int32Array.from(outRight) };
}

/** For every left row the last right row with its key, or -1. */
export function foundRows(left: Side, right: Side, keys: readonly JoinKey[]): Rows {
  const [codesLeft, codesRight] = codes(left, right, keys);
  const last = new Map<number, number>();
  codesRight.forEach((code, row) => {
    if (code >= 0) last.set(code, row);
  });
  return codesLeft.map((code) => last.get(code) ?? -1);
}

/** Every left row with every right row. */
export function crossRows(left: Side, right: Side): { left: Rows; right: Rows } {
  const length = left.rows * right.rows;
  if (length > 2 ** 31) throw new LockstepError({ code: "LS2015", message: `the product of ${left.rows} and ${right.rows} rows is too long for one process` });
  return { left: Int32Array.from({ length }, (_, i) => Math.floor(i / right.rows)), right: Int32Array.from({ length }, (_, i) => i % right.rows) };
}

/** The left rows that have a match (or, `anti`, that have none), in order. */
export function matchingRows(left: Side, matching: Matching, anti: boolean): Rows {
  return Int32Array.from({ length: left.rows }, (_, row) => row).filter((row) => matching.has(row) !== anti);
}

/**
 * The columns of a join: those that `values` name, else all, shared keys once, of the side that has them in every row; other clashing names
 * with their suffix.
 */
export function joinColumns(left: Side, right: Side, keys: readonly JoinKey[], rows: { left: Rows; right: Rows }, outer: Outer, values?: JoinValues<any, any>, { suffix }: JoinOptions = {}): Map<string, Column> {
  const shared = new Set(values == null ? keys.map((key) => key.shared) : []);
  const named = (side: 0 | 1, { columns }: Side): readonly string[] => (values == null ? [...columns.keys()] : [...new Set(namesOf(values[side] ?? [], columns))]);
  const leftNames = named(0, left).filter((name) => outer !== "right" || !shared.has(name));
  const rightNames = named(1, right).filter((name) => outer === "right" || !shared.has(name));
  const clash = new Set(rightNames.filter((name) => leftNames.includes(name)));
  const out = new Map<string, Column>();
  const add = (name: string, column: Column) => {
    if (out.has(name)) {
      throw new LockstepError({
        code: "LS2016",
        message: `the join has two columns named "${name}"`,
        fix: "Columns of the same name on both sides get _1 and _2, or what { suffix: [\"_left\", \"_right\"] } says. Rename or leave out the column that already has such a name.",
      });
    }
    out.set(name, column);
  };
  const merged = rows.left.map((row, i) => (row < 0 ? left.rows + rows.right[i]! : row));
  for (const name of leftNames) {
    const column = columnNamed(left.columns, name);
    if (outer === "both" && shared.has(name)) add(name, concatColumns(name, [column, right.columns.get(name)!]).take(merged));
    else add(clash.has(name) ? `${name}${suffix?.[0] ?? "_1"}` : name, column.take(rows.left));
  }
  for (const name of rightNames) add(clash.has(name) ? `${name}${suffix?.[1] ?? "_2"}` : name, columnNamed(right.columns, name).take(rows.right));
  return out;
}
