import { LockstepError } from "../errors/index.ts";
import { isAggregate, isWindow, marked } from "./made.ts";
import type { Aggregate, NameOf } from "./op.ts";
import type { Framed, Window } from "./window-functions.ts";

/** A length of time; its parts are added. A day is 24 hours. */
export interface Duration {
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/** Rows before (negative or 0) and after the current one, e.g. [-3, 3]; ±Infinity: all of them. */
export type RowFrame = readonly [start: number, end: number];

/**
 * Rows whose column `on` is at most `preceding` below the current row's and at most `following` (default 0) above it, wherever
 * they stand; Infinity: all of them. Rows without a value there (null, NaN) see each other.
 */
export type RangeFrame<Row> =
  | { readonly on: NameOf<Row, Date>; readonly preceding: Duration; readonly following?: Duration }
  | { readonly on: NameOf<Row, number>; readonly preceding: number; readonly following?: number };

/** The rows that a window function looks at, as it is evaluated. */
export type Frame =
  | { readonly kind: "rows"; readonly start: number; readonly end: number; readonly peers: boolean }
  | { readonly kind: "range"; readonly on: string; readonly preceding: number; readonly following: number };

/**
 * An aggregate, or first_value, last_value, nth_value, over a frame that moves with the row:
 * `derive({ week: rolling(op.sum("fare"), { preceding: { days: 7 }, on: "date" }), mean3: rolling(op.mean("fare"), [-1, 1]) })`.
 *
 * Without a frame: all rows up to the current one, [-Infinity, 0]. `includePeers` widens the frame to rows that the last orderby
 * found equal to those at its ends. Of a grouped table the frame ends with the group. LS2016 for a frame without the current row.
 */
export function rolling<Row, Result>(of: Aggregate<Row, Result, unknown>, frame: RangeFrame<Row>): Window<Row, Result>;
export function rolling<Row, Result>(of: Aggregate<Row, Result, unknown> | Framed<Row, Result>, frame?: RowFrame | null, includePeers?: boolean): Window<Row, Result>;
export function rolling(of: unknown, frame: unknown = null, includePeers = false): Window<any, any> {
  if (isAggregate(of)) return marked({ window: { aggregate: of, frame: frameOf(frame, includePeers) } });
  const framed = isWindow(of) ? of.window : undefined;
  const isRows = frame === null || Array.isArray(frame);
  if (framed !== undefined && "function" in framed && framable.has(framed.function) && isRows) {
    return marked({ window: { ...framed, frame: frameOf(frame, includePeers) } });
  }
  throw new LockstepError({
    code: "LS2016",
    message: isRows
      ? "rolling takes an aggregate, op.first_value, op.last_value or op.nth_value: no other function looks at a frame"
      : "a frame over a column's range takes an aggregate",
    fix: 'For example derive({ mean: rolling(op.mean("x"), [-2, 0]) }).',
  });
}

const framable: ReadonlySet<string> = new Set(["first_value", "last_value", "nth_value"]);

function frameOf(frame: unknown, peers: boolean): Frame {
  if (frame === null || Array.isArray(frame)) {
    const [start, end] = (frame ?? [-Infinity, 0]) as [unknown, unknown];
    if (isRows(start, -1) && isRows(end, 1)) return { kind: "rows", start: Number(start), end: Number(end), peers };
    throw wrongFrame(`[${String(start)}, ${String(end)}]`, "a frame of rows is [start, end], with start a whole number not above 0 or -Infinity, and end one not below 0 or Infinity: the current row is in it");
  }
  const { on, preceding, following = 0 } = frame as { on: unknown; preceding: unknown; following?: unknown };
  if (typeof on !== "string") throw wrongFrame(String(on), "`on` names a column of dates or numbers");
  return { kind: "range", on, preceding: lengthOf(preceding), following: lengthOf(following) };
}

const isRows = (value: unknown, sign: 1 | -1): boolean =>
  typeof value === "number" && value * sign >= 0 && (Number.isInteger(value) || Math.abs(value) === Infinity);

const units: Readonly<Record<keyof Duration, number>> = { weeks: 604_800_000, days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 };

/** A distance in numbers, or in milliseconds. */
export function lengthOf(value: unknown, verb = "rolling"): number {
  const parts = typeof value === "object" && value !== null ? Object.entries(value as Duration) : [];
  const unknown = parts.find(([unit]) => !Object.hasOwn(units, unit));
  if (unknown !== undefined) throw wrongFrame(unknown[0], `a duration has ${Object.keys(units).join(", ")}`, verb);
  const sum = typeof value === "number" ? value : parts.reduce((total, [unit, n]) => total + Number(n) * units[unit as keyof Duration], parts.length > 0 ? 0 : NaN);
  if (sum >= 0) return sum;
  throw wrongFrame(String(typeof value === "object" ? JSON.stringify(value) : value), "a distance is a number not below 0, or a duration such as { days: 7 }", verb);
}

function wrongFrame(given: string, expected: string, verb = "rolling"): LockstepError {
  return new LockstepError({ code: "LS2016", message: `${verb}: ${expected}, not ${given}` });
}
