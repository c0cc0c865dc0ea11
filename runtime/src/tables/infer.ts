import { LockstepError } from "../errors/index.ts";
import { bool, float64, int64, nothing, string, timestamp, type ArrowType } from "./arrow-type.ts";
import { Column, type Stored, type View } from "./column.ts";

const types: Readonly<Record<string, { readonly type: ArrowType; readonly view: View }>> = {
  number: { type: float64, view: "number" },
  string: { type: string, view: "string" },
  boolean: { type: bool, view: "boolean" },
  bigint: { type: int64, view: "bigint" },
  Date: { type: timestamp, view: "date" },
};

/**
 * The column of values that JavaScript made: float64, utf8, boolean, int64 (bigint) or timestamp(ms, UTC).
 *
 * undefined and invalid dates become null. Nothing but nulls has no type of its own: it takes the other side's in a
 * concat and is written as float64. LS2017 for several types, LS2016 for what is no scalar; `what` names the column.
 */
export function inferColumn(values: ArrayLike<unknown>, what: string): Column {
  const stored = new Array<Stored>(values.length);
  let kind: string | undefined;
  let first = 0;
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value === null || value === undefined) {
      stored[row] = null;
      continue;
    }
    const own = value instanceof Date ? "Date" : typeof value;
    if (own !== kind) {
      if (kind !== undefined) throw mixedTypes(what, [kind, first, values[first]], [own, row, value]);
      if (types[own] === undefined) throw notScalar(what, row, value);
      [kind, first] = [own, row];
    }
    stored[row] = store(value as number | string | boolean | bigint | Date, what, row);
  }
  const { type, view } = kind === undefined ? { type: nothing, view: "number" as const } : types[kind]!;
  return new Column(type, values.length, stored, { view, origin: what });
}

function store(value: number | string | boolean | bigint | Date, what: string, row: number): Stored {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime();
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) !== value) {
      throw new LockstepError({ code: "LS2015", message: `${what}, row ${row}: the bigint ${value} does not fit int64` });
    }
    return canonicalInteger(value);
  }
  return value;
}

/** The stored form of an integer: a number where that is safe. */
export function canonicalInteger(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

type Sample = readonly [kind: string, row: number, value: unknown];

function mixedTypes(what: string, a: Sample, b: Sample): LockstepError {
  const print = ([kind, row, value]: Sample): string => `${kind} (row ${row}: ${show(value)})`;
  return new LockstepError({ code: "LS2017", message: `${what} has values of two types: ${print(a)} and ${print(b)}` });
}

function notScalar(what: string, row: number, value: unknown): LockstepError {
  const aggregate = typeof value === "object" && value !== null && "aggregate" in value;
  return new LockstepError({
    code: "LS2016",
    message: `${what}, row ${row}: ${aggregate ? "an aggregate" : show(value)} is no value of a column`,
    fix: aggregate
      ? "An aggregate stands as a value: rollup({ total: op.sum(d => d.x) }), not inside a row function."
      : "A column holds numbers, strings, booleans, bigints, Dates and null.",
  });
}

function show(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" ? `an object (${value?.constructor?.name ?? "no class"})` : String(value);
}
