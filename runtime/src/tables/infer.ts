import { LockstepError } from "../errors/index.ts";
import { bool, float64, int64, nothing, string, timestamp, type ArrowType } from "./arrow-type.ts";
import { Column, type Stored } from "./column.ts";
import { objectView, type View } from "./js-view.ts";
import { isAggregate, isWindow } from "./made.ts";

const types: Readonly<Record<string, { readonly type: ArrowType; readonly view: View }>> = {
  number: { type: float64, view: "number" },
  string: { type: string, view: "string" },
  boolean: { type: bool, view: "boolean" },
  bigint: { type: int64, view: "bigint" },
  Date: { type: timestamp, view: "date" },
};

/**
 * The column of values that JavaScript made: float64, utf8, boolean, int64 (bigint), timestamp(ms, UTC), a list of values of one
 * type, or a struct of objects that have the same members in the same order.
 *
 * undefined and invalid dates become null. Nothing but nulls has no type of its own: it takes the other side's in a
 * concat and is written as float64. LS2017 for several types, LS2016 for what no column holds; `what` names the column.
 */
export function inferColumn(values: ArrayLike<unknown>, what: string): Column {
  const stored = new Array<Stored>(values.length);
  const all = new Values(what);
  for (let row = 0; row < values.length; row++) stored[row] = all.store(values[row], row);
  const { type, view } = all.type();
  return new Column(type, values.length, stored, { view, origin: what });
}

type Typed = { readonly type: ArrowType; readonly view: View };

/** Values that have to be of one type: of a column, of the elements of its lists, of a member of its objects. */
class Values {
  readonly #what: string;
  #first: Sample | undefined;
  #elements: Values | undefined;
  #members: (readonly [name: string, values: Values])[] | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  store(value: unknown, row: number): Stored {
    if (value === null || value === undefined) return null;
    if (typeof value === "string") return this.#seen("string", row, value.isWellFormed() ? value : value.toWellFormed());
    if (typeof value === "number" || typeof value === "boolean") return this.#seen(typeof value, row, value);
    if (typeof value === "bigint") return storedBigint(this.#seen("bigint", row, value), this.#what, row);
    if (value instanceof Date) return Number.isNaN(this.#seen("Date", row, value).getTime()) ? null : value.getTime();
    if (Array.isArray(value)) return this.#list(this.#seen("list", row, value as unknown[]), row);
    if (isPlain(value)) return this.#object(this.#seen("object", row, value as Record<string, unknown>), row);
    throw notAValue(this.#what, row, value);
  }

  type(): Typed {
    const kind = this.#first?.[0];
    if (kind === undefined) return { type: nothing, view: "number" };
    if (kind === "list") {
      const { type, view } = this.#elements?.type() ?? { type: nothing, view: "number" };
      return { type: { id: "list", of: type }, view: `${view}[]` };
    }
    if (kind !== "object") return types[kind]!;
    const members = this.#members!.map(([name, values]) => ({ name, ...values.type() }));
    return { type: { id: "struct", fields: members.map(({ name, type }) => ({ name, type })) }, view: objectView(members.map(({ name, view }) => [name, view])) };
  }

  #list(list: readonly unknown[], row: number): Stored {
    const elements = (this.#elements ??= new Values(this.#what));
    return Array.from(list, (element) => elements.store(element, row));
  }

  #object(object: Record<string, unknown>, row: number): Stored {
    const names = Object.keys(object);
    const members = (this.#members ??= names.map((name) => [name, new Values(`${this.#what}, in its member "${name}"`)] as const));
    if (names.length !== members.length || members.some(([name], i) => name !== names[i])) throw otherMembers(this.#what, members.map(([name]) => name), names, row);
    return members.map(([name, values]) => values.store(object[name], row));
  }

  #seen<T>(kind: string, row: number, value: T): T {
    if (kind === this.#first?.[0]) return value;
    if (this.#first) throw mixedTypes(this.#what, this.#first, [kind, row, value]);
    this.#first = [kind, row, value];
    return value;
  }
}

/** Whether a value is an object as literals make them, with members. */
export function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null || isAggregate(value) || isWindow(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.keys(value).length > 0;
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

function otherMembers(what: string, first: readonly string[], names: readonly string[], row: number): LockstepError {
  const print = (members: readonly string[]): string => `{ ${members.join(", ")} }`;
  return new LockstepError({
    code: "LS2017",
    message: `${what} has objects with other members: ${print(first)} and in row ${row} ${print(names)}`,
    fix: "Write the same members in the same order in each of them; what is missing is null.",
  });
}

function notAValue(what: string, row: number, value: unknown): LockstepError {
  const [call, example] = isAggregate(value) ? ["an aggregate", "rollup({ total: op.sum(d => d.x) })"] : isWindow(value) ? ["a window function", 'derive({ before: op.lag("x") })'] : [];
  return new LockstepError({
    code: "LS2016",
    message: `${what}, row ${row}: ${call ?? show(value)} is no value of a column`,
    fix: call
      ? `It stands as a value, ${example}, not inside a row function.`
      : "A column holds numbers, strings, booleans, bigints, Dates, arrays and plain objects of these, and null.",
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
