import { LockstepError } from "../errors/index.ts";
import { type Binning, binningOf } from "./bins.ts";
import { marked } from "./made.ts";
import { windowFunctions, type WindowFunctions } from "./window-functions.ts";
import { scalarFunctions, type ScalarFunctions } from "./scalar.ts";
import type { ColumnName, Cell, RowFunction, Scalar } from "./types.ts";

/** The aggregates of the catalogue. */
export type AggregateName = "count" | "valid" | "invalid" | "distinct" | "sum" | "mean" | "min" | "max" | "variance" | "stdev" | "variancep" | "stdevp" | "median" | "quantile" | "any"
  | "first" | "last" | "mode" | "product" | "covariance" | "covariancep" | "corr" | "bins" | "array_agg" | "array_agg_distinct";

declare const phantom: unique symbol;

/**
 * An aggregate as a value, for rollup(): `op.mean("fare")`.
 * `Result` is its value in a group, `Empty` what it may be besides over a table without rows.
 */
export interface Aggregate<Row, Result, Empty> {
  readonly aggregate: AggregateName;
  readonly argument: string | ((row: never) => Cell) | undefined;
  /** Of a quantile: 0 is the smallest value, 1 the largest. */
  readonly fraction?: number;
  /** Of bins. */
  readonly binning?: Binning;
  /** Of the covariances and corr: what the argument is paired with. */
  readonly other?: string | ((row: never) => Cell);
  readonly [phantom]?: (row: Row) => [Result, Empty];
}

/** Names of the columns whose values are of type `T` (or null). */
export type NameOf<Row, T> = { [K in ColumnName<Row>]: NonNullable<Row[K]> extends T ? K : never }[ColumnName<Row>];
/** Names of the columns that hold neither lists nor objects. */
type ScalarName<Row> = { [K in ColumnName<Row>]: Row[K] extends Scalar ? K : never }[ColumnName<Row>];
type Nulls<T> = null extends T ? null : undefined extends T ? null : never;
type Widen<T> = T extends number ? number : T extends bigint ? bigint : T;

/** Sum: of numbers a number, of bigints a bigint. Of no value: null. */
interface Sum {
  <Row, C extends NameOf<Row, number | bigint>>(column: C): Aggregate<Row, Widen<NonNullable<Row[C]>> | Nulls<Row[C]>, null>;
  <Row, T extends number | bigint | null | undefined>(of: (d: Readonly<Row>) => T): Aggregate<Row, Widen<NonNullable<T>> | Nulls<T>, null>;
}

/** A mean of numbers. Of no value: null. */
interface Mean {
  <Row, C extends NameOf<Row, number>>(column: C): Aggregate<Row, number | Nulls<Row[C]>, null>;
  <Row, T extends number | null | undefined>(of: (d: Readonly<Row>) => T): Aggregate<Row, number | Nulls<T>, null>;
}

/** A measure of spread: null for fewer than two values. */
interface Spread {
  <Row, C extends NameOf<Row, number>>(column: C): Aggregate<Row, number | null, null>;
  <Row>(of: RowFunction<Row, number | null | undefined>): Aggregate<Row, number | null, null>;
}

/** The value at a fraction of the sorted values. Of no value: null. */
interface Quantile {
  <Row, C extends NameOf<Row, number>>(column: C, fraction: number): Aggregate<Row, number | Nulls<Row[C]>, null>;
  <Row, T extends number | null | undefined>(of: (d: Readonly<Row>) => T, fraction: number): Aggregate<Row, number | Nulls<T>, null>;
}

/** The boundaries of bins. Of no value: [NaN, NaN, step]. */
interface BinsOf {
  <Row, C extends NameOf<Row, number>>(column: C, maxbins?: number, nice?: boolean, minstep?: number, step?: number): Aggregate<Row, number[], never>;
  <Row>(of: RowFunction<Row, number | null | undefined>, maxbins?: number, nice?: boolean, minstep?: number, step?: number): Aggregate<Row, number[], never>;
}

/** Of two numbers a row: null for fewer than two rows that have both. */
interface Paired {
  <Row, X extends NameOf<Row, number> | RowFunction<Row, number | null | undefined>, Y extends NameOf<Row, number> | RowFunction<Row, number | null | undefined>>(x: X, y: Y): Aggregate<Row, number | null, null>;
}

/** One of the column's values, of its type. Of no value: null. */
interface Pick {
  <Row, C extends ColumnName<Row>>(column: C): Aggregate<Row, NonNullable<Row[C]> | Nulls<Row[C]>, null>;
  <Row, T extends Cell>(of: (d: Readonly<Row>) => T): Aggregate<Row, NonNullable<T> | Nulls<T>, null>;
}

/** Values of a column, neither null nor NaN. Of no value: an empty array. */
interface List {
  <Row, C extends ColumnName<Row>>(column: C): Aggregate<Row, NonNullable<Row[C]>[], never>;
  <Row, T extends Cell>(of: (d: Readonly<Row>) => T): Aggregate<Row, Widen<NonNullable<T>>[], never>;
}

/** Of a column of scalars. */
interface Distinct {
  <Row, C extends ScalarName<Row>>(column: C): Aggregate<Row, NonNullable<Row[C]>[], never>;
  <Row, T extends Scalar>(of: (d: Readonly<Row>) => T): Aggregate<Row, Widen<NonNullable<T>>[], never>;
}

/** A number of values. */
interface Count {
  <Row, C extends ColumnName<Row>>(column: C): Aggregate<Row, number, never>;
  <Row>(of: RowFunction<Row>): Aggregate<Row, number, never>;
}

export interface Aggregates {
  /** Rows. */
  count<Row>(): Aggregate<Row, number, never>;
  /** Values that are neither null nor NaN. */
  readonly valid: Count;
  /** Values that are null or NaN. */
  readonly invalid: Count;
  /** Distinct values; null and NaN together count as one. */
  readonly distinct: Count;
  readonly sum: Sum;
  readonly mean: Mean;
  /** The same as mean. */
  readonly average: Mean;
  readonly min: Pick;
  readonly max: Pick;
  /** Sample variance (n − 1). */
  readonly variance: Spread;
  /** Sample standard deviation. */
  readonly stdev: Spread;
  /** Population variance (n). */
  readonly variancep: Spread;
  /** Population standard deviation. */
  readonly stdevp: Spread;
  /** The middle value; of an even number, half way between the two. */
  readonly median: Mean;
  /** `op.quantile("fare", 0.9)`: interpolated between the two values around the place; 0 gives the smallest value, 1 the largest. */
  readonly quantile: Quantile;
  /** The first value in table order that is neither null nor NaN. */
  readonly any: Pick;
  /** The value that comes most often; of several the first in table order. Null and NaN are none. */
  readonly mode: Pick;
  /** The value of the first row in table order, null or not: `orderby("ts").groupby("ticker").rollup({ open: op.first("price") })`. */
  readonly first: Pick;
  /** The value of the last row in table order, null or not. */
  readonly last: Pick;
  /** The values, in table order: `orderby("at").groupby("order").rollup({ products: op.array_agg("product") })`. */
  readonly array_agg: List;
  /** The distinct values, in the order in which they first appear. */
  readonly array_agg_distinct: Distinct;
  /** The product. Of no value: null. */
  readonly product: Mean;
  /** Sample covariance (n − 1) of two columns: `op.covariance("height", "weight")`. */
  readonly covariance: Paired;
  /** Population covariance (n). */
  readonly covariancep: Paired;
  /** Pearson's correlation of two columns; NaN where one of them does not vary. */
  readonly corr: Paired;
  /**
   * `[min, max, step]` of at most `maxbins` (15) bins that the values are in: of a width of a power of ten, a half or a fifth of one, no less than `minstep` (0),
   * or of `step`; from multiples of it, or, where `nice` is false, from the least value. `derive({ bin: bin("x") })` gives each row its bin.
   */
  readonly bins: BinsOf;
}

function aggregate(name: AggregateName, written: string = name) {
  return (argument: unknown): Aggregate<never, never, never> => {
    if (typeof argument !== "string" && typeof argument !== "function") {
      throw new LockstepError({
        code: "LS2016",
        message: `op.${written} takes a column name or a function of the row, not ${argument === null ? "null" : typeof argument}`,
        fix: `An aggregate stands as a value: rollup({ x: op.${written}(d => d.column) }). Inside a row function it has no meaning.`,
      });
    }
    return marked({ aggregate: name, argument: argument as string });
  };
}

function quantile(argument: unknown, fraction: unknown): Aggregate<never, never, never> {
  const of = aggregate("quantile")(argument);
  if (typeof fraction === "number" && fraction >= 0 && fraction <= 1) return { ...of, fraction };
  throw new LockstepError({ code: "LS2016", message: `op.quantile takes a fraction from 0 to 1, not ${String(fraction)}`, fix: 'op.quantile("fare", 0.9) is the value that 90 % of the fares are below.' });
}

function bins(argument: unknown, maxbins?: unknown, nice?: unknown, minstep?: unknown, step?: unknown): Aggregate<never, never, never> {
  return { ...aggregate("bins")(argument), binning: binningOf("op.bins", maxbins, nice, minstep, step) };
}

function paired(name: AggregateName) {
  return (argument: unknown, other: unknown): Aggregate<never, never, never> => ({ ...aggregate(name)(argument), other: aggregate(name)(other).argument! });
}

const aggregates = {
  count: () => marked({ aggregate: "count", argument: undefined }),
  valid: aggregate("valid"),
  invalid: aggregate("invalid"),
  distinct: aggregate("distinct"),
  sum: aggregate("sum"),
  mean: aggregate("mean"),
  average: aggregate("mean", "average"),
  min: aggregate("min"),
  max: aggregate("max"),
  variance: aggregate("variance"),
  stdev: aggregate("stdev"),
  variancep: aggregate("variancep"),
  stdevp: aggregate("stdevp"),
  median: aggregate("median"),
  quantile,
  any: aggregate("any"),
  mode: aggregate("mode"),
  first: aggregate("first"),
  last: aggregate("last"),
  array_agg: aggregate("array_agg"),
  array_agg_distinct: aggregate("array_agg_distinct"),
  product: aggregate("product"),
  covariance: paired("covariance"),
  covariancep: paired("covariancep"),
  corr: paired("corr"),
  bins,
} as unknown as Aggregates;

/** Aggregates, as values for rollup() and derive(), window functions, for derive(), and Arquero's scalar functions, for row functions. */
export const op: Aggregates & WindowFunctions & ScalarFunctions = { ...aggregates, ...windowFunctions, ...scalarFunctions };
