/** Which data files can hold a row of some keys, as the bounds in their manifests tell. Null and NaN are no keys. */
import { isText, ticksPerSecond, type ArrowType } from "../../tables/arrow-type.ts";
import type { Column, Stored } from "../../tables/column.ts";
import type { Constant } from "./manifest-entries.ts";
import type { DataFile } from "./manifests.ts";
import type { Field } from "./metadata.ts";
import { floorDivide } from "./partition.ts";
import { arrowTypeOf } from "./types.ts";

/** The keys in one column: all values, or, where they are too many, the least and the greatest. */
export interface KeyValues {
  readonly name: string;
  readonly values: Pick<Column, "type" | "values">;
  readonly isRange: boolean;
}

/** So many values of a key are compared with the bounds of files one by one. */
export const FEW = 10_000;

/** Whether a file can hold rows with these keys, column by column. */
export function holding(keys: readonly KeyValues[], fields: readonly Field[]): (file: DataFile) => boolean {
  const tests = keys.map((key) => columnTest(key, fields.find(({ name }) => name === key.name)!));
  return (file) => tests.every((test) => test(file));
}

type Comparable = number | bigint | Buffer;

function columnTest({ values: { type, values }, isRange }: KeyValues, field: Field): (file: DataFile) => boolean {
  const form = formOf(type, arrowTypeOf(field));
  if (!form) return () => true;
  const known = Array.from(values).filter((value) => value !== null && value === value).map((value) => form(value as NonNullable<Stored>)).sort(compare);
  return ({ constants, bounds }) => {
    const constant = constants[field.id];
    if (constant === null) return false;
    const [low, high] = constant === undefined ? [bounds[field.id]?.min, bounds[field.id]?.max].map(bound) : [bound(constant), bound(constant)];
    const first = low === undefined ? 0 : firstFrom(known, low);
    const last = high === undefined ? known.length - 1 : firstFrom(known, high, true) - 1;
    return isRange ? known.length > 0 && first < known.length && last >= 0 : first <= last;
  };
}

/** A key's value as bounds of the field are; undefined: they are not compared. */
function formOf(from: ArrowType, to: ArrowType): ((value: NonNullable<Stored>) => Comparable) | undefined {
  const numeric = ({ id }: ArrowType): boolean => id === "int" || id === "float";
  if (numeric(from) && numeric(to)) return (value) => value as number | bigint;
  if (isText(from) && to.id === "string") return (value) => Buffer.from(value as string);
  const day = 86_400_000_000n;
  const ticks = ticksOf(from);
  if (!ticks || !(to.id === "date" || (to.id === "timestamp" && to.unit === "us"))) return undefined;
  // What is finer than a microsecond, or within a day, may be anywhere in it: bounds are compared with its beginning.
  return to.id === "date" ? (value) => floorDivide(ticks(value), day) : ticks;
}

/** Microseconds. */
function ticksOf(type: ArrowType): ((value: NonNullable<Stored>) => bigint) | undefined {
  if (type.id === "date") return (value) => BigInt(value as number) * 86_400_000_000n;
  if (type.id !== "timestamp") return undefined;
  const perSecond = BigInt(ticksPerSecond[type.unit]);
  return (value) => floorDivide(BigInt(value as number | bigint) * 1_000_000n, perSecond);
}

function bound(constant: Constant | undefined): Comparable | undefined {
  if (constant === null || constant === undefined || "Boolean" in constant) return undefined;
  return "Integer" in constant ? BigInt(constant.Integer) : "Float" in constant ? Number(constant.Float) : Buffer.from(constant.Text);
}

/** Texts by their bytes, as bounds are; numbers whatever their form. */
function compare(a: Comparable, b: Comparable): number {
  if (Buffer.isBuffer(a)) return Buffer.compare(a, b as Buffer);
  return Number(a > (b as number | bigint)) - Number(a < (b as number | bigint));
}

/** The index of the first value that is not below `limit`; `above` it. */
function firstFrom(sorted: readonly Comparable[], limit: Comparable, above = false): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const order = compare(sorted[middle]!, limit);
    if (order < 0 || (above && order === 0)) from = middle + 1;
    else to = middle;
  }
  return from;
}
