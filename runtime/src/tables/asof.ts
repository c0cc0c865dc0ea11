import { LockstepError } from "../errors/index.ts";
import { printType } from "./arrow-type.ts";
import type { Column, Rows } from "./column.ts";
import type { JoinKey } from "./join.ts";
import { joinCodes, joinKeys, type Key } from "./keys.ts";
import type { Side } from "./operands.ts";
import { type Duration, lengthOf } from "./rolling.ts";

/** Which right row is taken: the last that is not after the left one, the first that is not before it, or the nearer of both. */
export type AsofStrategy = "backward" | "forward" | "nearest";

export interface AsofOptions<On, By> {
  /** Columns of numbers or of dates: a name that both tables have, or [left, right]. */
  readonly on: On;
  /** Keys that have to be equal, as in join: a name, [left, right], or [[left, …], [right, …]]. */
  readonly by?: By;
  /** "backward" by default. */
  readonly strategy?: AsofStrategy;
  /** The farthest that a match may be: a number, or between dates a duration. */
  readonly tolerance?: number | Duration;
}

/**
 * For every left row the nearest right row with its keys, or -1. Of right rows that are equal in `on` backward takes the last and
 * forward the first; of two equally near ones nearest takes the one that is not after. Null and NaN, of keys and of `on`, match nothing.
 */
export function asofRows(left: Side, right: Side, on: JoinKey, by: readonly JoinKey[], options: Pick<AsofOptions<unknown, unknown>, "strategy" | "tolerance">): Rows {
  const { strategy = "backward", tolerance } = options;
  if (!["backward", "forward", "nearest"].includes(strategy)) throw new LockstepError({ code: "LS2016", message: `join_asof: the strategy is "backward", "forward" or "nearest", not ${String(strategy)}` });
  const farthest = tolerance === undefined ? Infinity : lengthOf(tolerance, "join_asof");
  for (const column of [on.left, on.right]) checkMeasurable(column);
  const [leftKey, rightKey] = joinKeys(on.left, on.right);
  const [codesLeft, codesRight] = by.length === 0 ? [new Int32Array(left.rows), new Int32Array(right.rows)] : joinCodes(by.map((key) => key.left), by.map((key) => key.right), left.rows, right.rows);
  const groups = groupsOf(codesRight, rightKey);
  // Of equal values it is 0, of infinite ones, too, whose difference is NaN.
  const distance = (row: number, found: number): number => {
    const [own, other] = [Number(on.left.at(row)), Number(on.right.at(found))];
    return own === other ? 0 : Math.abs(own - other);
  };
  const measures = tolerance !== undefined || strategy === "nearest";
  return Int32Array.from(codesLeft, (code, row) => {
    const at = leftKey(row) as number | null;
    const rows = groups.get(code);
    if (code < 0 || rows === undefined || at === null || at !== at) return -1;
    const isNear = (found: number | undefined): found is number => found !== undefined && (!measures || distance(row, found) <= farthest);
    const before = strategy === "forward" ? undefined : rows[countUntil(rows, (other) => (rightKey(other) as number) <= at) - 1];
    const after = strategy === "backward" ? undefined : rows[countUntil(rows, (other) => (rightKey(other) as number) < at)];
    if (!isNear(before)) return isNear(after) ? after : -1;
    return isNear(after) && distance(row, after) < distance(row, before) ? after : before;
  });
}

/** The right rows of each key that have a value in `on`, sorted by it. */
function groupsOf(codes: Int32Array, key: Key): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  codes.forEach((code, row) => {
    const at = key(row);
    if (code < 0 || at === null || at !== at) return;
    const rows = groups.get(code);
    if (rows === undefined) groups.set(code, [row]);
    else rows.push(row);
  });
  for (const rows of groups.values()) {
    rows.sort((a, b) => {
      const [x, y] = [key(a) as number, key(b) as number];
      return x < y ? -1 : x > y ? 1 : a - b;
    });
  }
  return groups;
}

/** How many of the rows, from the first on, something holds of. */
function countUntil(rows: readonly number[], holds: (row: number) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(rows[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkMeasurable(column: Column): void {
  if (column.view === "number" || column.view === "date") return;
  throw new LockstepError({ code: "LS2016", message: `join_asof: \`on\` is a column of dates or numbers, and ${column.origin ?? "the column"} is ${printType(column.type)}` });
}
