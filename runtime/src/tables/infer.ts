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
 * The column of values that JavaScript made: float64, utf8, boolean, int64 (bigint), timestamp(ms, UTC) or a list of one of these.
 *
 * undefined and invalid dates become null. Nothing but nulls has no type of its own: it takes the other side's in a
 * concat and is written as float64. LS2017 for several types, LS2016 for what no column holds; `what` names the column.
 */
export function inferColumn(values: ArrayLike<unknown>, what: string): Column {
  const stored = new Array<Stored>(values.length);
  const [scalars, lists, elements] = [new Kind(what), new Kind(what), new Kind(what)];
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value === null || value === undefined) {
      stored[row] = null;
    } else if (Array.isArray(value)) {
      lists.see("list", row, value);
      stored[row] = Array.from(value as unknown[], (element) => {
        if (element === null || element === undefined) return null;
        elements.see(kindOf(element), row, element);
        return store(element as Given, what, row);
      });
    } else {
      scalars.see(kindOf(value), row, value);
      stored[row] = store(value as Given, what, row);
    }
  }
  if (lists.first && scalars.first) throw mixedTypes(what, ...([lists.first, scalars.first].sort((a, b) => a[1] - b[1]) as [Sample, Sample]));
  const { type, view } = typeOf(lists.first ? elements : scalars);
  return lists.first
    ? new Column({ id: "list", of: type }, values.length, stored, { view: `${view as "number"}[]`, origin: what })
    : new Column(type, values.length, stored, { view, origin: what });
}

type Given = number | string | boolean | bigint | Date;

const kindOf = (value: unknown): string => (value instanceof Date ? "Date" : typeof value);

const typeOf = ({ first }: Kind): { readonly type: ArrowType; readonly view: View } => (first === undefined ? { type: nothing, view: "number" } : types[first[0]]!);

/** The one kind of all values that are seen. */
class Kind {
  first: Sample | undefined;
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  see(kind: string, row: number, value: unknown): void {
    if (kind === this.first?.[0]) return;
    if (this.first) throw mixedTypes(this.#what, this.first, [kind, row, value]);
    if (kind !== "list" && types[kind] === undefined) throw notScalar(this.#what, row, value);
    this.first = [kind, row, value];
  }
}

function store(value: Given, what: string, row: number): Stored {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.getTime();
  return typeof value === "bigint" ? storedBigint(value, what, row) : value;
}

/** LS2015 past int64. */
export function storedBigint(value: bigint, what: string, row: number, site?: string): number | bigint {
  if (BigInt.asIntN(64, value) !== value) throw new LockstepError({ code: "LS2015", message: `${what}, row ${row}: the bigint ${value} does not fit int64`, site });
  return canonicalInteger(value);
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
      : "A column holds numbers, strings, booleans, bigints, Dates, arrays of one of these, and null.",
  });
}

function show(value: unknown): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return typeof value === "object" ? `an object (${value?.constructor?.name ?? "no class"})` : String(value);
}
