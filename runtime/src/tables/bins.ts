/** Bins of equal width, as Arquero has them: `op.bins("x")` says which, `bin("x")` in which a value is. */
import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import { marked } from "./made.ts";
import type { NameOf } from "./op.ts";
import type { Window } from "./window-functions.ts";

/** How values are binned. */
export interface Binning {
  readonly maxbins: number;
  readonly nice: boolean;
  readonly minstep: number;
  /** In place of the two numbers above. */
  readonly step?: number;
}

export interface BinOptions {
  /** The most bins there may be: 15 by default. */
  readonly maxbins?: number;
  /** The least width of a bin. */
  readonly minstep?: number;
  /** The width itself; `maxbins` and `minstep` then say nothing. */
  readonly step?: number;
  /** Whether bins begin at multiples of their width, as by default, or with the least value. */
  readonly nice?: boolean;
  /** So many bins further up: 1 gives the upper boundary, where the default gives the lower one. */
  readonly offset?: number;
}

declare const binned: unique symbol;

/** What bin() gives: the lower boundary of the row's bin, for derive() and groupby(). */
export interface Bin<Row, Result> extends Window<Row, Result> {
  readonly [binned]: true;
}

/**
 * The lower boundary of the bin that a number is in, of bins that the numbers of the table (in a grouped derive, of the group) make:
 * `groupby({ fare: bin("fare", { maxbins: 20 }) }).count()` is a histogram. Null stays null, NaN NaN. LS2016 for options that make no bins.
 */
export function bin<Row, C extends NameOf<Row, number>>(column: C, options?: BinOptions): Bin<Row, number | (null extends Row[C] ? null : undefined extends Row[C] ? null : never)>;
export function bin(column: unknown, options: BinOptions = {}): Bin<any, any> {
  checkOptions("bin", options);
  if (typeof column !== "string") throw new LockstepError({ code: "LS2016", message: `bin takes the name of a column, not ${column === null ? "null" : typeof column}`, fix: 'Derive the numbers first, and name their column: bin("x").' });
  const { maxbins, nice, minstep, step, offset = 0 } = options;
  return marked({ window: { bin: column, binning: binningOf("bin", maxbins, nice, minstep, step), offset: numberOf("bin", "offset", offset, "a number", Number.isFinite) } }) as unknown as Bin<any, any>;
}

/** Arquero's defaults for what is left out. LS2016 for numbers that make no bins. */
export function binningOf(owner: string, maxbins: unknown = 15, nice: unknown = true, minstep: unknown = 0, step?: unknown): Binning {
  if (typeof nice !== "boolean") throw wrong(owner, "nice", "true or false", nice);
  return {
    maxbins: numberOf(owner, "maxbins", maxbins, "a number of 1 or more", (n) => n >= 1 && n < Infinity),
    nice,
    minstep: numberOf(owner, "minstep", minstep, "a number of 0 or more", (n) => n >= 0 && n < Infinity),
    ...(step !== undefined && { step: numberOf(owner, "step", step, "a number above 0", (n) => n > 0 && n < Infinity) }),
  };
}

function numberOf(owner: string, name: string, value: unknown, words: string, test: (n: number) => boolean): number {
  if (typeof value === "number" && test(value)) return value;
  throw wrong(owner, name, words, value);
}

const wrong = (owner: string, name: string, words: string, value: unknown): LockstepError =>
  new LockstepError({ code: "LS2016", message: `${owner}: ${name} is ${words}, not ${String(value)}`, fix: `Write ${words}, or leave ${name} out.` });

/** The smallest number there is: no step is 0. */
const LEAST_STEP = Number.MIN_VALUE;

/** `[min, max, step]` of bins for the values from `least` to `most`, by Arquero's arithmetic (`util/bins.js`); of no values min and max are NaN. */
export function binsOf(least: number | null, most: number | null, { maxbins, nice, minstep, step: given }: Binning): [min: number, max: number, step: number] {
  let [min, max] = [least ?? NaN, most ?? NaN];
  const step = given ?? stepOf(max - min || Math.abs(min) || 1, maxbins, minstep);
  if (nice) {
    const v = Math.log(step);
    const precision = v >= 0 ? 0 : Math.trunc(-v / Math.LN10) + 1;
    const below = Math.floor(min / step + powerOfTen(-precision - 1)) * step;
    min = min < below ? below - step : below;
    max = Math.ceil(max / step) * step;
  }
  return [min, max === min ? min + step : max, step];
}

/** A power of ten, or a half or a fifth of one, of which `span` holds at most `maxbins`. */
function stepOf(span: number, maxbins: number, minstep: number): number {
  const level = Math.ceil(Math.log(maxbins) / Math.LN10);
  let step = Math.max(minstep, powerOfTen(Math.round(Math.log(span) / Math.LN10) - level)) || LEAST_STEP;
  while (Math.ceil(span / step) > maxbins) step *= 10;
  for (const divisor of [5, 2]) {
    const finer = step / divisor;
    if (finer >= minstep && span / finer <= maxbins) step = finer;
  }
  return step;
}

/** The nearest number, which `Math.pow` of V8 misses twice: 10²³, 10²¹⁰. */
const powerOfTen = (exponent: number): number => (Number.isInteger(exponent) ? Number(`1e${exponent}`) : Math.pow(10, exponent));
