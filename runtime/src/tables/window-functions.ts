import { LockstepError } from "../errors/index.ts";
import { marked } from "./made.ts";
import type { Binning } from "./bins.ts";
import type { Aggregate } from "./op.ts";
import type { Frame } from "./rolling.ts";
import type { ColumnName, Scalar, Stored, Widened } from "./types.ts";

/** The window functions of the catalogue. */
export type WindowName =
  | "row_number" | "rank" | "avg_rank" | "dense_rank" | "percent_rank" | "cume_dist" | "ntile"
  | "lag" | "lead" | "first_value" | "last_value" | "nth_value" | "fill_down" | "fill_up";

/** A window function, or an aggregate over a frame, as it is evaluated. */
export type WindowCall =
  | { readonly function: WindowName; readonly argument: string | ((row: never) => Scalar) | undefined; readonly parameters: readonly unknown[]; readonly frame?: Frame }
  | { readonly aggregate: Aggregate<never, unknown, unknown>; readonly frame: Frame }
  | { readonly bin: string; readonly binning: Binning; readonly offset: number };

declare const phantom: unique symbol;

/** A window function as a value, for derive(): `op.lag("ts")`. `Result` is its value in a row. */
export interface Window<Row, Result> {
  readonly window: WindowCall;
  readonly [phantom]?: (row: Row) => Result;
}

declare const framed: unique symbol;

/** A window function that looks at a frame, for rolling(). */
export interface Framed<Row, Result> extends Window<Row, Result> {
  readonly [framed]: true;
}

/** A value of another row, or none. */
interface Shifted {
  <Row, C extends ColumnName<Row>>(column: C, offset?: number): Window<Row, NonNullable<Row[C]> | null>;
  <Row, C extends ColumnName<Row>, D extends Like<Row[C]>>(column: C, offset: number, defaultValue: D): Window<Row, Widened<NonNullable<Row[C]>> | Nulls<Row[C]> | Stored<Widened<D>>>;
  <Row, T extends Scalar>(of: (d: Readonly<Row>) => T, offset?: number): Window<Row, NonNullable<T> | null>;
  <Row, T extends Scalar, D extends Like<T>>(of: (d: Readonly<Row>) => T, offset: number, defaultValue: D): Window<Row, Widened<NonNullable<T>> | Nulls<T> | Stored<Widened<D>>>;
}

/** The value of a row of the frame. */
interface Chosen {
  <Row, C extends ColumnName<Row>>(column: C): Framed<Row, NonNullable<Row[C]> | Nulls<Row[C]>>;
  <Row, T extends Scalar>(of: (d: Readonly<Row>) => T): Framed<Row, NonNullable<T> | Nulls<T>>;
}

/** The value itself, or that of the nearest row that has one. */
interface Filled {
  <Row, C extends ColumnName<Row>>(column: C): Window<Row, NonNullable<Row[C]> | null>;
  <Row, C extends ColumnName<Row>, D extends Like<Row[C]>>(column: C, defaultValue: D): Window<Row, Widened<NonNullable<Row[C]>> | Stored<Widened<D>>>;
  <Row, T extends Scalar>(of: (d: Readonly<Row>) => T): Window<Row, NonNullable<T> | null>;
  <Row, T extends Scalar, D extends Like<T>>(of: (d: Readonly<Row>) => T, defaultValue: D): Window<Row, Widened<NonNullable<T>> | Stored<Widened<D>>>;
}

/** What can stand in for a value. */
type Like<T> = Widened<NonNullable<T>> | null | undefined;
type Nulls<T> = null extends T ? null : undefined extends T ? null : never;

/**
 * Arquero's window functions. They see the rows of the group (without groupby, of the table) in table order. Peers are rows that
 * the last orderby found equal; without one, and after verbs that make a new order (slice, join, concat, dedupe), a row has none.
 */
export interface WindowFunctions {
  /** 1, 2, 3, … */
  row_number<Row>(): Window<Row, number>;
  /** 1 + the rows before the first peer: 1, 1, 3. */
  rank<Row>(): Window<Row, number>;
  /** The mean of the peers' row numbers: 1.5, 1.5, 3. */
  avg_rank<Row>(): Window<Row, number>;
  /** 1 + the different rows before: 1, 1, 2. */
  dense_rank<Row>(): Window<Row, number>;
  /** (rank − 1) ÷ (rows − 1); NaN in a group of one row. */
  percent_rank<Row>(): Window<Row, number>;
  /** Rows up to the last peer ÷ rows. As in Arquero, the first row of a group counts itself alone, whatever its peers. */
  cume_dist<Row>(): Window<Row, number>;
  /** `buckets` × cume_dist, rounded up: 1 … buckets. */
  ntile<Row>(buckets: number): Window<Row, number>;
  /** The value `offset` (default 1) rows before; where there is none, the default value (null). */
  readonly lag: Shifted;
  /** The value `offset` (default 1) rows after; where there is none, the default value (null). */
  readonly lead: Shifted;
  /** The value of the frame's first row. */
  readonly first_value: Chosen;
  /** The value of the frame's last row. */
  readonly last_value: Chosen;
  /** The value of the frame's n-th row, counted from 1; null where the frame is shorter. */
  nth_value<Row, C extends ColumnName<Row>>(column: C, n: number): Framed<Row, NonNullable<Row[C]> | null>;
  nth_value<Row, T extends Scalar>(of: (d: Readonly<Row>) => T, n: number): Framed<Row, NonNullable<T> | null>;
  /** Where the value is null or NaN, the nearest one before; where there is none, the default value (null). */
  readonly fill_down: Filled;
  /** Where the value is null or NaN, the nearest one after; where there is none, the default value (null). */
  readonly fill_up: Filled;
}

type Check = (name: string, parameters: readonly unknown[]) => void;

const positive = (what: string, isValid: (n: number) => boolean, optional = false): Check => (name, [n]) => {
  if ((optional && n === undefined) || (typeof n === "number" && isValid(n))) return;
  throw new LockstepError({ code: "LS2016", message: `op.${name}: ${what}, not ${String(n)}` });
};
const wholeRows = positive("the offset is a whole number of rows, 1 or more", (n) => Number.isInteger(n) && n > 0, true);
const nth = positive("n is a whole number, 1 or more", (n) => Number.isInteger(n) && n > 0);
const buckets = positive("the number of buckets is more than 0", (n) => n > 0 && n < Infinity);

/** Of no argument. */
const ordinal = (name: WindowName, check?: Check) => (...parameters: unknown[]): Window<never, never> => {
  check?.(name, parameters);
  return marked({ window: { function: name, argument: undefined, parameters } });
};

/** Of a column's values, or a row function's. */
const valued = (name: WindowName, check?: Check) => (argument: unknown, ...parameters: unknown[]): Window<never, never> => {
  if (typeof argument !== "string" && typeof argument !== "function") {
    throw new LockstepError({
      code: "LS2016",
      message: `op.${name} takes a column name or a function of the row, not ${argument === null ? "null" : typeof argument}`,
      fix: `A window function stands as a value: derive({ x: op.${name}(d => d.column) }). Inside a row function it has no meaning.`,
    });
  }
  check?.(name, parameters);
  return marked({ window: { function: name, argument: argument as string, parameters } });
};

export const windowFunctions = {
  row_number: ordinal("row_number"),
  rank: ordinal("rank"),
  avg_rank: ordinal("avg_rank"),
  dense_rank: ordinal("dense_rank"),
  percent_rank: ordinal("percent_rank"),
  cume_dist: ordinal("cume_dist"),
  ntile: ordinal("ntile", buckets),
  lag: valued("lag", wholeRows),
  lead: valued("lead", wholeRows),
  first_value: valued("first_value"),
  last_value: valued("last_value"),
  nth_value: valued("nth_value", nth),
  fill_down: valued("fill_down"),
  fill_up: valued("fill_up"),
} as unknown as WindowFunctions;
