import { LockstepError } from "../errors/index.ts";
import { arquero, type ArqueroTable } from "./arquero.ts";
import { float64, int64, isNested, printType, string, type ArrowType } from "./arrow-type.ts";
import { canonicalInteger } from "./infer.ts";
import { unsupportedType, Column, type Rows, type Stored, type StoredValues } from "./column.ts";
import { type Binning, binsOf } from "./bins.ts";
import type { KeyCodes } from "./keys.ts";
import type { AggregateName } from "./op.ts";

/** One aggregate of a rollup: `argument` is a column, or nothing for count. */
export interface Aggregation {
  readonly name: string;
  readonly aggregate: AggregateName;
  readonly argument: Column | undefined;
  /** Of a quantile. */
  readonly fraction?: number | undefined;
  /** Of bins. */
  readonly binning?: Binning | undefined;
  /** Of the covariances and corr: what the argument is paired with. */
  readonly other?: Column | undefined;
}

/** How an aggregate takes its argument and what its result is. */
interface Rule {
  readonly input: (column: Column) => StoredValues;
  readonly output: (size: number, values: StoredValues, argument: Column) => Column;
}

const counts: Rule = { input: anyValue, output: (size, values) => new Column(int64, size, values) };
const measures: Rule = { input: numbers, output: (size, values) => new Column(float64, size, values) };
/** Infinities have no spread, and what overflows has none that is alike in every order of the rows. */
const spreads: Rule = { ...measures, output: (size, values) => new Column(float64, size, Array.from(values, (v) => (v === null || Number.isFinite(v) ? v : NaN))) };
const picks: Rule = { input: comparable, output: (size, values, argument) => new Column(argument.type, size, values, { view: argument.view }) };

/** Arrays of three numbers. */
const boundaries: Rule = { input: numbers, output: (size, values) => new Column({ id: "list", of: float64 }, size, values, { view: "number[]" }) };

const lists: Rule = {
  input: comparable,
  output: (size, values, { type, view }) => {
    const of: ArrowType = type.id === "dictionary" ? string : type;
    return new Column({ id: "list", of }, size, values, { view: view === "none" ? view : `${view}[]` });
  },
};

/** Those of Arquero that go by values. */
const rules: Readonly<Record<Exclude<AggregateName, "count" | keyof typeof byRow>, Rule>> = {
  array_agg: lists,
  array_agg_distinct: lists,
  valid: counts,
  invalid: counts,
  distinct: counts,
  mean: measures,
  variance: spreads,
  stdev: spreads,
  variancep: spreads,
  stdevp: spreads,
  median: measures,
  quantile: measures,
  min: picks,
  max: picks,
  any: picks,
  // -0 and 0 are one value, which is 0, whichever came first.
  mode: { ...picks, output: (size, values, argument) => picks.output(size, Array.from(values, (v) => (v === 0 ? 0 : v)), argument) },
  covariance: spreads,
  covariancep: spreads,
  corr: spreads,
  bins: boundaries,
  sum: { input: addends, output: total },
};

/** Ours, by the first or the last of the rows: what they give, -1 where there is no row. */
const byRow = {
  first: { of: "min", output: (argument: Column, rows: Rows) => argument.take(rows) },
  last: { of: "max", output: (argument: Column, rows: Rows) => argument.take(rows) },
  product: { of: "max", output: productsUpTo },
} as const;

/** Those that compare no values. */
const ofNested: ReadonlySet<AggregateName> = new Set(["count", "valid", "invalid", "any", "first", "last", "array_agg"]);

const isByRow = (fn: AggregateName): fn is keyof typeof byRow => fn in byRow;

/** How Arquero evaluates aggregates of a grouped table. */
export type Evaluate = (grouped: ArqueroTable, values: Readonly<Record<string, unknown>>) => ArqueroTable;

const rollup: Evaluate = (grouped, values) => grouped.rollup(values);

/** One value a group: Arquero's reducers over the rows in table order. With another `evaluate`, one a row. */
export function aggregate(aggregations: readonly Aggregation[], { codes, first }: KeyCodes, evaluate: Evaluate = rollup): [name: string, column: Column][] {
  const aq = arquero();
  const size = evaluate === rollup ? first.length : codes.length;
  const input = (fn: AggregateName, argument: Column | undefined) => {
    if (argument === undefined || fn === "count") return codes;
    if (argument.type.id === "other" || (isNested(argument.type) && !ofNested.has(fn))) throw unsupportedType(argument, `aggregated by op.${fn}`);
    checkNumbers(fn, argument);
    return isByRow(fn) ? codes : rules[fn].input(argument);
  };
  const inputs = aggregations.flatMap(({ aggregate: fn, argument, other }, i) => [[String(i), input(fn, argument)] as const, ...(other ? [[`with ${i}`, input(fn, other)] as const] : [])]);
  const grouped = aq
    .table([["rows", codes], ["row", Int32Array.from(codes.keys())], ...inputs])
    .create({ groups: { keys: codes, rows: [...first], size: first.length, names: [], get: [] } });
  const calls = aggregations.flatMap(({ aggregate: fn, fraction, other }, i) => {
    if (fn === "bins") return [[`of ${i}`, aq.op["min"]!(String(i))], [`most ${i}`, aq.op["max"]!(String(i))]];
    if (isByRow(fn)) return [[`of ${i}`, aq.op[byRow[fn].of]!("row")]];
    if (fn === "count") return [[`of ${i}`, aq.op["count"]!()]];
    // Not Arquero's running mean: of infinities, and near the largest number, it depends on the order of the rows.
    if (fn === "mean") return [[`of ${i}`, aq.op["sum"]!(String(i))], [`valid ${i}`, aq.op["valid"]!(String(i))]];
    return [[`of ${i}`, aq.op[fn]!(String(i), ...(other ? [`with ${i}`] : []), ...(fraction === undefined ? [] : [fraction]))]];
  });
  const table = evaluate(grouped, Object.fromEntries(calls) as Record<string, unknown>).data();
  return aggregations.map(({ name, aggregate: fn, argument, binning }, i) => {
    const found = results(table[`of ${i}`]!, size);
    const values = fn === "mean" ? means(found, results(table[`valid ${i}`]!, size)) : fn === "bins" ? allBins(found, results(table[`most ${i}`]!, size), binning!) : found;
    if (argument === undefined || fn === "count") return [name, new Column(int64, size, values)];
    return [name, isByRow(fn) ? byRow[fn].output(argument, Int32Array.from(values, (row) => (row ?? -1) as number), codes) : rules[fn].output(size, values, argument)];
  });
}

function means(sums: StoredValues, counts: StoredValues): StoredValues {
  return Array.from(sums, (sum, i) => (sum === null ? null : Number(sum) / Number(counts[i])));
}

function allBins(least: StoredValues, most: StoredValues, binning: Binning): StoredValues {
  return Array.from(least, (value, i) => binsOf(value as number | null, most[i] as number | null, binning));
}

function results(column: { at(row: number): unknown }, size: number): StoredValues {
  const out = new Array<Stored>(size);
  for (let i = 0; i < size; i++) out[i] = (column.at(i) as Stored | undefined) ?? null;
  return out;
}

/**
 * Of each of these rows, the product of the values of its group up to it. Arquero's may become too large, or too small, on the way, and
 * then depends on the order of the rows: here it is a factor times a power of 2^512.
 */
function productsUpTo(argument: Column, rows: Rows, codes: KeyCodes["codes"]): Column {
  const groups = new Map<number, { factor: number; scale: number }>();
  const upTo = Array.from(numbers(argument), (value, row) => {
    let product = groups.get(codes[row]!);
    const x = value === null ? NaN : Number(value);
    if (!Number.isNaN(x)) {
      const [a, b] = [scaled(product?.factor ?? 1), scaled(x)];
      const c = scaled(a.factor * b.factor);
      groups.set(codes[row]!, (product = { factor: c.factor, scale: (product?.scale ?? 0) + a.scale + b.scale + c.scale }));
    }
    if (product === undefined) return null;
    let result = product.factor;
    // Three steps take any number to infinity or to zero.
    for (let step = Math.min(Math.abs(product.scale), 3); step > 0; step--) result *= product.scale > 0 ? 2 ** 512 : 2 ** -512;
    return result;
  });
  return new Column(float64, rows.length, Array.from(rows, (row) => (row < 0 ? null : upTo[row]!)));
}

function scaled(factor: number): { factor: number; scale: number } {
  let scale = 0;
  for (; Math.abs(factor) >= 2 ** 256 && Math.abs(factor) !== Infinity; scale++) factor /= 2 ** 512;
  for (; Math.abs(factor) < 2 ** -256 && factor !== 0; scale--) factor *= 2 ** 512;
  return { factor, scale };
}

function checkNumbers(fn: AggregateName, { type, view, origin }: Column): void {
  const rule = rules[fn as "sum"];
  if (rule !== measures && rule !== spreads && rule !== boundaries && fn !== "sum" && fn !== "product") return;
  if (view === "number" || view === "bigint" || type.id === "decimal") return;
  throw new LockstepError({
    code: "LS2016",
    message: `op.${fn} takes numbers: ${origin ?? "its argument"} is ${printType(type)}`,
    fix: "Derive a number first, e.g. op.sum(d => (d.flag ? 1 : 0)).",
  });
}

/** Values as keys: bytes are compared by what they hold. */
function anyValue(column: Column): StoredValues {
  return column.values;
}

/** Stored values compare as what they stand for. */
function comparable(column: Column): StoredValues {
  if (column.type.id === "binary") throw unsupportedType(column, "compared");
  return column.values;
}

function numbers(column: Column): StoredValues {
  const { type, values } = column;
  // One that a number does not hold is refused.
  if (type.id === "decimal") {
    const { at } = column.seenAs("number");
    return Array.from({ length: column.length }, (_, row) => at(row) as number | null);
  }
  return values instanceof Float64Array ? values : Array.from(values, (v) => (v === null ? null : Number(v)));
}

/** Integers are added exactly: as numbers while no sum can pass 2^53, as bigints otherwise. */
function addends(column: Column): StoredValues {
  if (column.type.id !== "int") return numbers(column);
  const { values } = column;
  let bound = 0;
  for (let i = 0; i < values.length; i++) bound += Math.abs(Number(values[i]));
  return bound < 2 ** 53 ? values : Array.from(values, (v) => (v === null ? null : BigInt(v as number | bigint)));
}

function total(size: number, values: StoredValues, argument: Column): Column {
  if (argument.type.id !== "int") return new Column(float64, size, values);
  const sums = Array.from(values, (v) => {
    if (typeof v !== "bigint") return v;
    if (BigInt.asIntN(64, v) === v) return canonicalInteger(v);
    throw new LockstepError({ code: "LS2015", message: `the sum of ${argument.origin ?? "a column"} is ${v}, which does not fit int64` });
  });
  return new Column(int64, size, sums, { view: argument.view, origin: `the sum of ${argument.origin ?? "a column"}` });
}
