import { LockstepError } from "../errors/index.ts";
import { arquero, type ArqueroTable } from "./arquero.ts";
import { float64, int64, printType } from "./arrow-type.ts";
import { canonicalInteger } from "./infer.ts";
import { unsupportedType, Column, type Stored, type StoredValues } from "./column.ts";
import type { KeyCodes } from "./keys.ts";
import type { AggregateName } from "./op.ts";

/** One aggregate of a rollup: `argument` is a column, or nothing for count. */
export interface Aggregation {
  readonly name: string;
  readonly aggregate: AggregateName;
  readonly argument: Column | undefined;
  /** Of a quantile. */
  readonly fraction?: number | undefined;
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

const rules: Readonly<Record<Exclude<AggregateName, "count">, Rule>> = {
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
  sum: { input: addends, output: total },
};

/** How Arquero evaluates aggregates of a grouped table. */
export type Evaluate = (grouped: ArqueroTable, values: Readonly<Record<string, unknown>>) => ArqueroTable;

const rollup: Evaluate = (grouped, values) => grouped.rollup(values);

/** One value a group: Arquero's reducers over the rows in table order. With another `evaluate`, one a row. */
export function aggregate(aggregations: readonly Aggregation[], { codes, first }: KeyCodes, evaluate: Evaluate = rollup): [name: string, column: Column][] {
  const aq = arquero();
  const size = evaluate === rollup ? first.length : codes.length;
  const inputs = aggregations.map(({ aggregate: fn, argument }) => {
    if (argument === undefined || fn === "count") return codes;
    if (argument.type.id === "other") throw unsupportedType(argument, "aggregated");
    checkNumbers(fn, argument);
    return rules[fn].input(argument);
  });
  const grouped = aq
    .table([["rows", codes], ...inputs.map((values, i) => [String(i), values] as const)])
    .create({ groups: { keys: codes, rows: [...first], size: first.length, names: [], get: [] } });
  const calls = aggregations.flatMap(({ aggregate: fn, fraction }, i) => {
    if (fn === "count") return [[`of ${i}`, aq.op["count"]!()]];
    // Not Arquero's running mean: of infinities, and near the largest number, it depends on the order of the rows.
    if (fn === "mean") return [[`of ${i}`, aq.op["sum"]!(String(i))], [`valid ${i}`, aq.op["valid"]!(String(i))]];
    return [[`of ${i}`, aq.op[fn]!(String(i), ...(fraction === undefined ? [] : [fraction]))]];
  });
  const table = evaluate(grouped, Object.fromEntries(calls) as Record<string, unknown>).data();
  return aggregations.map(({ name, aggregate: fn, argument }, i) => {
    const values = fn === "mean" ? means(results(table[`of ${i}`]!, size), results(table[`valid ${i}`]!, size)) : results(table[`of ${i}`]!, size);
    return [name, argument === undefined || fn === "count" ? new Column(int64, size, values) : rules[fn].output(size, values, argument)];
  });
}

function means(sums: StoredValues, counts: StoredValues): StoredValues {
  return Array.from(sums, (sum, i) => (sum === null ? null : Number(sum) / Number(counts[i])));
}

function results(column: { at(row: number): unknown }, size: number): StoredValues {
  const out = new Array<Stored>(size);
  for (let i = 0; i < size; i++) out[i] = (column.at(i) as Stored | undefined) ?? null;
  return out;
}

function checkNumbers(fn: AggregateName, { type, view, origin }: Column): void {
  const rule = rules[fn as "sum"];
  if (rule !== measures && rule !== spreads && fn !== "sum") return;
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
  if (type.id !== "decimal") return values instanceof Float64Array ? values : Array.from(values, (v) => (v === null ? null : Number(v)));
  const unit = 10 ** type.scale;
  return Array.from(values, (v) => (v === null ? null : Number(v) / unit));
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
