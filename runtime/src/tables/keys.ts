import { LockstepError } from "../errors/index.ts";
import { isNested, ticksPerSecond, type ArrowType, type TimeUnit } from "./arrow-type.ts";
import { canonicalInteger } from "./infer.ts";
import { unsupportedType, type Column, type Stored } from "./column.ts";

/** Rows with equal keys have equal codes, dense and in order of first appearance. */
export interface KeyCodes {
  readonly codes: Uint32Array;
  /** The first row of each code. */
  readonly first: Int32Array;
}

/** Codes of a table's rows: null and NaN are one key each, -0 is 0. No key columns: one group, whatever the rows. */
export function groupCodes(columns: readonly Column[], rows: number): KeyCodes {
  if (columns.length === 0) return { codes: new Uint32Array(rows), first: Int32Array.of(0) };
  const [codes] = encode([{ keys: columns.map(keyOf), rows }], false) as [Int32Array];
  const first: number[] = [];
  codes.forEach((code, row) => {
    if (code === first.length) first.push(row);
  });
  return { codes: new Uint32Array(codes.buffer), first: Int32Array.from(first) };
}

/** Codes of two tables' rows in one numbering, -1 where a key is null or NaN: such rows match nothing. */
export function joinCodes(left: readonly Column[], right: readonly Column[], rowsLeft: number, rowsRight: number): [Int32Array, Int32Array] {
  const pairs = left.map((column, i) => joinKeys(column, right[i]!));
  return encode(
    [
      { keys: pairs.map(([key]) => key), rows: rowsLeft },
      { keys: pairs.map(([, key]) => key), rows: rowsRight },
    ],
    true,
  ) as [Int32Array, Int32Array];
}

/** A table's rows by their keys, one function a key column. */
interface Keyed {
  readonly keys: readonly Key[];
  readonly rows: number;
}

/** Numbers the keys of all tables together: column by column, the code so far and the column's id give the next code. */
function encode(tables: readonly Keyed[], dropNulls: boolean): Int32Array[] {
  let codes = tables.map(({ rows }) => new Int32Array(rows));
  let size = 1;
  for (const k of tables[0]!.keys.keys()) {
    const values = new Map<unknown, number>();
    const ids = tables.map(({ keys, rows }) => {
      const key = keys[k]!;
      const out = new Int32Array(rows);
      for (let row = 0; row < rows; row++) {
        const value = key(row);
        out[row] = dropNulls && (value === null || value !== value) ? -1 : idOf(values, value);
      }
      return out;
    });
    const numbers = pairNumbers(size * values.size);
    codes = codes.map((current, t) => current.map((code, row) => (code < 0 || ids[t]![row]! < 0 ? -1 : numbers.of(code * values.size + ids[t]![row]!))));
    size = numbers.count();
  }
  return codes;
}

/** Pairs below this are numbered by an array, in a tenth of a Map's time. */
const arrayLimit = 2 ** 24;

/** Numbers integers below `limit` in order of first appearance. */
function pairNumbers(limit: number): { of(pair: number): number; count(): number } {
  if (limit > arrayLimit) {
    const numbers = new Map<unknown, number>();
    return { of: (pair) => idOf(numbers, pair), count: () => numbers.size };
  }
  const numbers = new Int32Array(limit);
  let count = 0;
  return { of: (pair) => (numbers[pair] ||= ++count) - 1, count: () => count };
}

export type Key = (row: number) => unknown;

/** A stored value as a Map's key: SameValueZero is our equality of keys. */
function keyOf(column: Column): Key {
  const { values } = column;
  if (column.type.id === "other" || isNested(column.type)) throw unsupportedType(column, "a key");
  if (column.type.id === "binary") return (row) => (values[row] === null ? null : Buffer.from(values[row] as Uint8Array).toString("latin1"));
  return (row) => values[row];
}

/** The keys of both sides in one form, so that equal values of different Arrow types are equal. */
export function joinKeys(left: Column, right: Column): [Key, Key] {
  const nothing = left.type.id === "null" || right.type.id === "null";
  if (left.view !== right.view && !nothing) {
    throw new LockstepError({
      code: "LS2016",
      message: `join keys of different types: ${left.origin ?? "left"} is ${left.view}, ${right.origin ?? "right"} is ${right.view}`,
      fix: "Derive a key of the other side's type first, or open both columns with the same `types`.",
    });
  }
  const [a, b] = [left.type, right.type];
  if (a.id === "date" || a.id === "timestamp") {
    const unit = finer(unitOf(left), unitOf(right));
    return [ticks(left, unit), ticks(right, unit)];
  }
  const exact = a.id === b.id && (a.id !== "decimal" || (b.id === "decimal" && a.scale === b.scale));
  if ((a.id === "int" && b.id === "float") || (a.id === "float" && b.id === "int")) return [integerKeyOf(left), integerKeyOf(right)];
  const numeric = (type: ArrowType): boolean => type.id === "int" || type.id === "float";
  if (exact || left.view !== "number" || (numeric(a) && numeric(b))) return [keyOf(left), keyOf(right)];
  return [left.at, right.at];
}

/** A float that is an integer past 2^53 in the form that integers have. */
function integerKeyOf(column: Column): Key {
  const key = keyOf(column);
  if (column.type.id === "int") return key;
  return (row) => {
    const value = key(row) as number | null;
    return value === null || Number.isSafeInteger(value) || !Number.isInteger(value) ? value : canonicalInteger(BigInt(value));
  };
}

function unitOf(column: Column): TimeUnit {
  return column.type.id === "timestamp" ? column.type.unit : "s";
}

function finer(a: TimeUnit, b: TimeUnit): TimeUnit {
  return ticksPerSecond[a] >= ticksPerSecond[b] ? a : b;
}

function ticks(column: Column, unit: TimeUnit): Key {
  const { values } = column;
  const factor = column.type.id === "date" ? 86_400 * ticksPerSecond[unit] : ticksPerSecond[unit] / ticksPerSecond[unitOf(column)];
  if (factor === 1) return keyOf(column);
  return (row) => scale(values[row] as number | bigint | null, factor);
}

function scale(value: number | bigint | null, factor: number): number | bigint | null {
  if (value === null) return null;
  const product = Number(value) * factor;
  return Number.isSafeInteger(product) ? product : canonicalInteger(BigInt(value) * BigInt(factor));
}

function idOf(ids: Map<unknown, number>, key: unknown): number {
  let id = ids.get(key);
  if (id === undefined) ids.set(key, (id = ids.size));
  return id;
}
