/** A source that is told which rows are wanted, and does with it what its option says. What it is told is written into a file, a line a call. */
import { appendFileSync } from "node:fs";
import { defineSource, type SourceCondition, type SourceFilter, type SourceValue } from "@lockstep/runtime";
import { Bool, Date_, DateUnit, Float32, Float64, Int64, makeData, Table, TimestampMicrosecond, Utf8, Vector, vectorFromArray } from "apache-arrow";

export interface Things {
  /** Wrongly: leaves out what is wanted; badly: gives something that are no chunks; never: throws. */
  filters: "exactly" | "not" | "wrongly" | "badly" | "never";
  log: string;
}

export interface Thing {
  id: bigint;
  n: number | null;
  label: string | null;
  ok: boolean | null;
  sure: boolean;
  /** In microseconds. */
  at: Date;
  seen: Date | null;
  day: Date;
  price: number;
  small: number;
}

const labels = ["a", "O'Brien", 'say "x"', "back\\slash", "", "ä€😀", "; drop table", null];
const numbers = [0, -0, 1.5, -1, NaN, null, Infinity, -Infinity, 0.1 + 0.2, 1e300];
const micros = Date.UTC(2024, 0, 1) * 1000;

/** What it has, each column as its type holds it: instants in microseconds, which are finer than Dates. */
const values = {
  id: (row: number): bigint => BigInt(row) + (row % 4 === 3 ? 2n ** 60n : 0n),
  n: (row: number): number | null => numbers[row % numbers.length]!,
  label: (row: number): string | null => labels[row % labels.length]!,
  ok: (row: number): boolean | null => [true, false, null][row % 3]!,
  sure: (row: number): boolean => row % 5 < 2,
  at: (row: number): bigint => BigInt(micros + 500 * row),
  seen: (row: number): Date | null => (row % 6 === 1 ? null : new Date(row * 1000 - 20_000)),
  day: (row: number): Date => new Date(Date.UTC(2024, 0, row)),
  price: (row: number): number => row / 4,
  small: (row: number): number => row / 10,
};
type Name = keyof typeof values;

/** Of a chunk some rows, of every fourth none. */
const chunks = Array.from({ length: 9 }, (_, number) => ({ number, from: 10 * number, to: number % 4 === 2 ? 10 * number : 10 * number + 10 }));

export const things = defineSource<Things, (typeof chunks)[number]>({
  name: "things",
  schema: () => ({ id: "int64", n: "float64", label: "string", ok: "bool", sure: "bool", at: "timestamp[us]", seen: "timestamp[ms, tz=UTC]", day: "date32", price: "decimal128(10, 2)", small: "float32" }),
  chunks({ filters, log }, { filter }) {
    tell(log, "chunks", filter);
    if (filter.length === 0 || filters === "not") return chunks;
    if (filters === "badly") return 7 as never;
    if (filters === "never") throw new Error("no such filter");
    return chunks.filter(({ from, to }) => rows(from, to).some((row) => isWanted(row, filter)) !== (filters === "wrongly"));
  },
  *read({ number, from, to }, { filters, log }, { columns, filter }) {
    tell(log, `chunk ${number}`, filter);
    const own = rows(from, to).filter((row) => filters !== "exactly" || isWanted(row, filter));
    yield new Table(Object.fromEntries(columns.map((name) => [name, vectorOf(name as Name, own)])));
  },
});

const rows = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const isWanted = (row: number, filter: SourceFilter): boolean => filter.every((condition) => meets(values[condition.column as Name](row), condition));

type Held = number | bigint | string | boolean | Date | null;

/** As the types of `defineSource` say what a condition means. */
function meets(held: Held, condition: SourceCondition): boolean {
  if (condition.op === "isNull") return held === null;
  if (held === null) return false;
  if (condition.op === "isNotNull") return true;
  const own = held instanceof Date ? held.getTime() : held;
  const given = (value: SourceValue): Exclude<Held, Date | null> => (value instanceof Date ? (typeof held === "bigint" ? BigInt(value.getTime()) * 1000n : value.getTime()) : value);
  if (condition.op === "in") return condition.values.some((value) => own === given(value));
  const value = given(condition.value);
  return { eq: own === value, lt: own < value, lte: own <= value, gt: own > value, gte: own >= value }[condition.op];
}

function vectorOf(name: Name, of: readonly number[]): Vector {
  const column = of.map(values[name] as (row: number) => Held) as never[];
  if (name === "at") return new Vector([makeData({ type: new TimestampMicrosecond(), data: BigInt64Array.from(column) })]);
  if (name === "price") return vectorFromArray(column, new Float64());
  return vectorFromArray(column, { id: new Int64(), n: new Float64(), label: new Utf8(), ok: new Bool(), sure: new Bool(), seen: new Date_(DateUnit.MILLISECOND), day: new Date_(DateUnit.MILLISECOND), small: new Float32() }[name] as never);
}

const tell = (log: string, call: string, filter: SourceFilter): void => appendFileSync(log, `${JSON.stringify({ call, filter: filter.map(written) })}\n`);

/** `at gte 2024-01-01T00:00:00.000Z`; values as JavaScript writes them, with their types. */
function written(condition: SourceCondition): string {
  const value = (one: SourceValue): string => (one instanceof Date ? one.toISOString() : typeof one === "bigint" ? `${one}n` : Object.is(one, -0) ? "-0" : typeof one === "string" ? JSON.stringify(one) : String(one));
  const right = "value" in condition ? [value(condition.value)] : "values" in condition ? condition.values.map(value) : [];
  return [condition.column, condition.op, ...right].join(" ");
}
