import { LockstepError } from "../errors/index.ts";
import { ticksPerSecond, type ArrowType, type TimeUnit } from "./arrow-type.ts";
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
  const encoders = columns.map((column) => ({ key: keyOf(column), ids: new Map<unknown, number>() }));
  const tuples = new TupleIds(columns.length);
  const codes = new Uint32Array(rows);
  const first: number[] = [];
  for (let row = 0; row < rows; row++) {
    tuples.start();
    for (const { key, ids } of encoders) tuples.add(idOf(ids, key(row)));
    codes[row] = tuples.end();
    if (codes[row] === first.length) first.push(row);
  }
  return { codes, first: Int32Array.from(first) };
}

/** Codes of two tables' rows in one numbering, -1 where a key is null or NaN: such rows match nothing. */
export function joinCodes(left: readonly Column[], right: readonly Column[], rowsLeft: number, rowsRight: number): [Int32Array, Int32Array] {
  const pairs = left.map((column, i) => ({ keys: joinKeys(column, right[i]!), ids: new Map<unknown, number>() }));
  const tuples = new TupleIds(pairs.length);
  const encode = (side: 0 | 1, rows: number): Int32Array => {
    const codes = new Int32Array(rows).fill(-1);
    next: for (let row = 0; row < rows; row++) {
      tuples.start();
      for (const { keys, ids } of pairs) {
        const key = keys[side](row);
        if (key === null || key !== key) continue next;
        tuples.add(idOf(ids, key));
      }
      codes[row] = tuples.end();
    }
    return codes;
  };
  return [encode(0, rowsLeft), encode(1, rowsRight)];
}

type Key = (row: number) => unknown;

/** A stored value as a Map's key: SameValueZero is our equality of keys. */
function keyOf(column: Column): Key {
  const { values } = column;
  if (column.type.id === "other") throw unsupportedType(column, "a key");
  if (column.type.id === "binary") return (row) => (values[row] === null ? null : Buffer.from(values[row] as Uint8Array).toString("latin1"));
  return (row) => values[row];
}

/** The keys of both sides in one form, so that equal values of different Arrow types are equal. */
function joinKeys(left: Column, right: Column): [Key, Key] {
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
  const numeric = (type: ArrowType): boolean => type.id === "int" || type.id === "float";
  if (exact || left.view !== "number" || (numeric(a) && numeric(b))) return [keyOf(left), keyOf(right)];
  return [left.at, right.at];
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
  return (row) => scale(values[row] as Exclude<Stored, string | boolean | Uint8Array>, factor);
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

/** Numbers tuples of ids: (a, b, c) is the pair ((a, b), c). */
class TupleIds {
  readonly #levels: Map<number, number>[];
  #level = 0;
  #code = 0;

  constructor(width: number) {
    this.#levels = Array.from({ length: Math.max(0, width - 1) }, () => new Map<number, number>());
  }

  start(): void {
    this.#level = this.#code = 0;
  }

  add(id: number): void {
    // 2^26 × 2^26 pairs are exact in a double; more distinct values than that do not fit a Map.
    this.#code = this.#level === 0 ? id : idOf(this.#levels[this.#level - 1]!, this.#code * 67_108_864 + id);
    this.#level++;
  }

  end(): number {
    return this.#code;
  }
}
