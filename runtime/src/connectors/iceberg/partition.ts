/**
 * Partition specs: what a program says (`"region"`, `"day(at)"`, `"bucket(16, id)"`), and which partition a row is in (the table spec,
 * "Partition Transforms" and appendix B). The ranks have the same in `native-rs/crates/connectors/src/iceberg/partition.rs`.
 */
import { didYouMean, LockstepError } from "../../errors/index.ts";
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { Stored } from "../../tables/column.ts";
import type { Constant } from "./manifest-entries.ts";
import type { Field, PartitionField } from "./metadata.ts";

/** A column, or a transform of one. */
export type Partition<C extends string> = C | `${"year" | "month" | "day" | "hour"}(${C})` | `${"bucket" | "truncate"}(${number}, ${C})`;

const suffixes: Readonly<Record<string, string>> = { bucket: "_bucket", truncate: "_trunc", year: "_year", month: "_month", day: "_day", hour: "_hour" };

/** The spec of a new table. LS2016: no such column or transform, LS2015: not of this column's type. */
export function partitionFields(texts: readonly string[], fields: readonly Field[]): PartitionField[] {
  const used = new Set<string>();
  return texts.map((text, index) => {
    const called = fields.some(({ name }) => name === text) ? undefined : /^(\w+)\((?:(\d+), ?)?(.+)\)$/.exec(text);
    const [, transform = "identity", width, column = text] = called ?? [];
    const takesWidth = transform === "bucket" || transform === "truncate";
    if (called && (!Object.hasOwn(suffixes, transform) || takesWidth !== (width !== undefined) || width === "0")) {
      throw new LockstepError({ code: "LS2016", message: `partitionBy: "${text}" is no column and no transform of one`, fix: 'Write a column, "year(at)", "month(at)", "day(at)", "hour(at)", "bucket(16, id)" or "truncate(4, name)".' });
    }
    const field = fields.find(({ name }) => name === column);
    if (!field) throw new LockstepError({ code: "LS2016", message: `partitionBy: the table has no column "${column}"${didYouMean(column, fields.map(({ name }) => name))}` });
    const full = takesWidth ? `${transform}[${width}]` : transform;
    resultType(full, field);
    let name = column + (suffixes[transform] ?? "");
    if (used.has(name) && width !== undefined) name += `_${width}`;
    if (used.has(name)) throw new LockstepError({ code: "LS2016", message: `partitionBy has "${text}" twice` });
    used.add(name);
    return { "source-id": field.id, "field-id": 1000 + index, name, transform: full };
  });
}

/** A spec as a program writes it. */
export function printPartition(spec: readonly PartitionField[], fields: readonly Field[]): string {
  const shown = spec.map(({ transform, "source-id": source }) => {
    const column = fields.find(({ id }) => id === source)?.name ?? `#${source}`;
    const [, name, width] = /^(\w+)\[(\d+)\]$/.exec(transform) ?? [];
    return transform === "identity" ? column : name ? `${name}(${width}, ${column})` : `${transform}(${column})`;
  });
  return shown.length === 0 ? "nothing" : shown.join(", ");
}

/** The Iceberg type of a transform's values. LS2015 where it is none of such a column. */
export function resultType(transform: string, { name, type }: Field): string {
  const of = typeof type === "string" ? type : type.type;
  const whole = /^(int|long|decimal\(.*)$/.test(of);
  const time = of === "timestamp" || of === "timestamptz";
  const kind = transform.replace(/\[\d+\]$/, "");
  if (kind === "identity" && (whole || time || ["boolean", "date", "string"].includes(of))) return of;
  if (kind === "void") return of;
  if (["year", "month", "day"].includes(kind) && (time || of === "date")) return kind === "day" ? "date" : "int";
  if (kind === "hour" && time) return "int";
  if (kind === "bucket" && (whole || time || of === "date" || of === "string")) return "int";
  if (kind === "truncate" && (whole || of === "string")) return of;
  const numeric = of === "double" || of === "float";
  throw new LockstepError({
    code: "LS2015",
    message: `a partition by ${kind} of the column "${name}", which is ${of}, is not supported`,
    fix: numeric ? `Write it as whole numbers: types: { ${name}: "int64" }.` : "Partition by another column, or another transform.",
  });
}

/** What a row's value in the source column makes of its partition, as stored. */
export function transformed(transform: string, type: ArrowType, value: Stored): Constant {
  if (value === null || transform === "void") return null;
  if (typeof value === "boolean") return { Boolean: value };
  const [, kind = transform, width] = /^(\w+)\[(\d+)\]$/.exec(transform) ?? [];
  if (typeof value === "string") {
    if (kind === "bucket") return { Integer: String((murmur3(Buffer.from(value)) & 0x7fffffff) % Number(width)) };
    return { Text: kind === "truncate" ? Array.from(value).slice(0, Number(width)).join("") : value };
  }
  const whole = BigInt(value as number | bigint);
  const days = type.id === "date" ? whole : floorDivide(whole, 86_400_000_000n);
  switch (kind) {
    case "bucket":
      return { Integer: String((murmur3(type.id === "decimal" ? twosComplement(whole) : longBytes(whole)) & 0x7fffffff) % Number(width)) };
    case "truncate": {
      const cut = floorDivide(whole, BigInt(width!)) * BigInt(width!);
      // Below the least it goes on from the greatest, as in Java.
      return { Integer: String(type.id === "int" ? BigInt.asIntN(type.bits, cut) : cut) };
    }
    case "year":
      return { Integer: String(civil(days).getUTCFullYear() - 1970) };
    case "month":
      return { Integer: String((civil(days).getUTCFullYear() - 1970) * 12 + civil(days).getUTCMonth()) };
    case "day":
      return { Integer: String(days) };
    case "hour":
      return { Integer: String(floorDivide(whole, 3_600_000_000n)) };
    default:
      return { Integer: String(whole) };
  }
}

const civil = (days: bigint): Date => new Date(Number(days) * 86_400_000);

export function floorDivide(n: bigint, d: bigint): bigint {
  const quotient = n / d;
  return n < 0n && quotient * d !== n ? quotient - 1n : quotient;
}

function longBytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

/** The shortest big-endian form, as decimals are stored. */
export function twosComplement(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const bytes = new Uint8Array(length);
  for (let at = length - 1, left = value; at >= 0; at--, left >>= 8n) bytes[at] = Number(left & 255n);
  return bytes;
}

/** What {@link twosComplement} makes bytes of; they may be longer. */
export function ofTwosComplement(bytes: Uint8Array): bigint {
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString("hex")}`));
}

/** Murmur3, 32 bits, seed 0. */
export function murmur3(bytes: Uint8Array): number {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mix = (part: number): number => Math.imul(rotated(Math.imul(part, 0xcc9e2d51), 15), 0x1b873593);
  const whole = bytes.length - (bytes.length % 4);
  let hash = 0;
  for (let at = 0; at < whole; at += 4) hash = (Math.imul(rotated(hash ^ mix(words.getInt32(at, true)), 13), 5) + 0xe6546b64) | 0;
  let rest = 0;
  for (let at = bytes.length - 1; at >= whole; at--) rest = (rest << 8) | bytes[at]!;
  if (whole < bytes.length) hash ^= mix(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const rotated = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
