/** What a data file's footer says of its columns: the counts and bounds that a manifest has. Both executions' files are read alike. */
import { LockstepError } from "../../errors/index.ts";
import type { StoreOptions } from "../store/options.ts";
import { rangeOf } from "./files.ts";
import { fieldsIn, type Field } from "./metadata.ts";
import { ofTwosComplement, twosComplement } from "./partition.ts";
import type { FileColumn } from "./written-columns.ts";

/** By the ids of columns, and of members of structs and elements of lists. */
export interface Metrics {
  readonly size: number;
  readonly rows: bigint;
  readonly sizes: ReadonlyMap<number, bigint>;
  readonly values: ReadonlyMap<number, bigint>;
  readonly nulls: ReadonlyMap<number, bigint>;
  readonly lower: ReadonlyMap<number, Uint8Array>;
  readonly upper: ReadonlyMap<number, Uint8Array>;
  /** Where row groups begin. */
  readonly splits: readonly bigint[];
}

/** Most characters, or bytes, of a text's bound: as Iceberg's `truncate(16)`. */
const longest = 16;

/** Of a file of these columns that was just written; `fields` are the table's. LS2005 where it is not what was written. */
export async function metricsOf(path: string, size: number, columns: readonly FileColumn[], fields: readonly Field[], store: StoreOptions | undefined): Promise<Metrics> {
  const { deserializeTCompactProtocol } = await import("hyparquet/src/thrift.js");
  const tail = await rangeOf(path, Math.max(0, size - 65_536), size, store);
  const length = tail.readUInt32LE(tail.length - 8);
  if (tail.toString("latin1", tail.length - 4) !== "PAR1") throw new LockstepError({ code: "LS2005", message: `${path} is not as it was written` });
  const footer = length + 8 <= tail.length ? tail.subarray(tail.length - 8 - length) : await rangeOf(path, size - 8 - length, size, store);
  const thrift = deserializeTCompactProtocol({ view: new DataView(footer.buffer, footer.byteOffset, footer.length), offset: 0 }) as unknown as Footer;
  const groups = thrift.field_4 ?? [];
  const [sizes, values, nulls] = [new Map<number, bigint>(), new Map<number, bigint>(), new Map<number, bigint>()];
  const [lower, upper] = [new Map<number, Uint8Array>(), new Map<number, Uint8Array>()];
  const known = new Map(fieldsIn(fields).map((field) => [field.id, field]));
  leavesOf(columns).forEach(({ id, isSingle }, index) => {
    const field = known.get(id)!;
    const chunks = groups.map((group) => group.field_1[index]!.field_3);
    const sum = (of: (chunk: Chunk) => bigint): bigint => chunks.reduce((total, chunk) => total + of(chunk), 0n);
    sizes.set(id, sum((chunk) => chunk.field_7));
    values.set(id, sum((chunk) => chunk.field_5));
    if (chunks.every(({ field_12 }) => field_12?.field_3 !== undefined)) nulls.set(id, sum((chunk) => chunk.field_12!.field_3!));
    if (!isSingle) return;
    const full = chunks.filter((chunk) => chunk.field_12?.field_3 !== chunk.field_5);
    const [low, high] = [boundOf(field, full.map((chunk) => chunk.field_12?.field_6), true), boundOf(field, full.map((chunk) => chunk.field_12?.field_5), false)];
    if (low) lower.set(id, low);
    if (high) upper.set(id, high);
  });
  const splits = groups.map((group) => group.field_1[0]!.field_3).map((chunk) => chunk.field_11 ?? chunk.field_9);
  return { size, rows: thrift.field_3, sizes, values, nulls, lower, upper, splits };
}

/** What the files have values of, in their order. Of elements of lists, of which a row has several, no manifest has bounds: so does Java's Iceberg. */
function leavesOf(columns: readonly FileColumn[], isSingle = true): { readonly id: number; readonly isSingle: boolean }[] {
  return columns.flatMap(({ id, type, parts }) => (parts.length === 0 ? [{ id, isSingle }] : leavesOf(parts, isSingle && type !== "list")));
}

/** Parquet's FileMetaData, RowGroup, ColumnMetaData and Statistics, by their fields' numbers. */
interface Footer {
  readonly field_3: bigint;
  readonly field_4?: readonly { readonly field_1: readonly { readonly field_3: Chunk }[] }[];
}
interface Chunk {
  readonly field_5: bigint;
  readonly field_7: bigint;
  readonly field_9: bigint;
  readonly field_11?: bigint;
  readonly field_12?: { readonly field_3?: bigint; readonly field_5?: Uint8Array; readonly field_6?: Uint8Array };
}

/** The least or greatest of the row groups' bounds, as Iceberg stores a value; undefined where a row group says nothing. */
function boundOf(field: Field, bounds: readonly (Uint8Array | undefined)[], least: boolean): Uint8Array | undefined {
  const type = String(field.type);
  const known = bounds.filter((bound) => bound !== undefined).map((bound) => Buffer.from(bound));
  if (known.length === 0 || known.length < bounds.length) return undefined;
  if (type === "string" || type === "binary") {
    const bound = known.reduce((a, b) => (a.compare(b) < 0 === least ? a : b));
    if (type === "binary") return least ? bound.subarray(0, longest) : bound.length <= longest ? bound : undefined;
    return least ? cut(bound) : above(bound);
  }
  const read = readers[type.replace(/\(.*/, "")];
  if (type === "uuid") return known.reduce((a, b) => (a.compare(b) < 0 === least ? a : b));
  const numbers = known.map((bound) => (type.startsWith("decimal") ? decimal(bound) : read!(bound)));
  if (numbers.some((number) => Number.isNaN(number))) return undefined;
  let at = 0;
  numbers.forEach((number, index) => {
    if (number !== numbers[at] && number < numbers[at]! === least) at = index;
  });
  return type.startsWith("decimal") ? twosComplement(numbers[at] as bigint) : known[at];
}

const readers: Readonly<Record<string, (bytes: Buffer) => number | bigint>> = {
  boolean: (bytes) => bytes[0]!,
  int: (bytes) => bytes.readInt32LE(),
  date: (bytes) => bytes.readInt32LE(),
  long: (bytes) => bytes.readBigInt64LE(),
  time: (bytes) => bytes.readBigInt64LE(),
  timestamp: (bytes) => bytes.readBigInt64LE(),
  timestamptz: (bytes) => bytes.readBigInt64LE(),
  float: (bytes) => bytes.readFloatLE(),
  double: (bytes) => bytes.readDoubleLE(),
};

/** Little-endian as an int32 or int64, big-endian in a field of 16 bytes or what its precision takes. */
function decimal(bytes: Buffer): bigint {
  if (bytes.length === 4) return BigInt(bytes.readInt32LE());
  if (bytes.length === 8) return bytes.readBigInt64LE();
  return ofTwosComplement(bytes);
}

/** The first characters; bytes of one that was cut by the file's writer are dropped. */
function cut(bytes: Buffer): Buffer {
  return Buffer.from(Array.from(bytes.toString().replace(/\ufffd$/, "")).slice(0, longest).join(""));
}

/** A text that is not less, and not long: the last character that can be raised is. Undefined where there is none. */
function above(bytes: Buffer): Buffer | undefined {
  const text = bytes.toString();
  const characters = Array.from(text).slice(0, longest);
  // A writer that cut in the middle of a character says nothing that is a text.
  if (!Buffer.from(text).equals(bytes)) return undefined;
  if (characters.join("") === text) return bytes;
  for (let end = characters.length; end > 0; end--) {
    const code = characters[end - 1]!.codePointAt(0)! + 1;
    if (code <= 0x10ffff) return Buffer.from(characters.slice(0, end - 1).join("") + String.fromCodePoint(code === 0xd800 ? 0xe000 : code));
  }
  return undefined;
}
