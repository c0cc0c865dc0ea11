/** Values of a page by their encoding: https://parquet.apache.org/docs/file-format/data-pages/encodings/. `count` is what the page says, and room is made for as many as its bytes can hold. */
import type { DecodedArray } from "hyparquet";
import { Bytes } from "./bytes.ts";

/** What Parquet calls a physical type, and of a fixed length which. */
export interface Physical {
  readonly type: string;
  readonly length: number | undefined;
}

/** PLAIN */
export function plainValues(bytes: Bytes, { type, length }: Physical, count: number): DecodedArray {
  switch (type) {
    case "BOOLEAN":
      return Array.from(unpacked(bytes.take(Math.ceil(count / 8)), 1, count), Boolean);
    case "INT96":
      return plainFixed(bytes, 12, count).map(ticksOf);
    case "BYTE_ARRAY": {
      fits(bytes, count, 4);
      return Array.from({ length: count }, () => bytes.take(bytes.uint32()));
    }
    case "FIXED_LEN_BYTE_ARRAY":
      return plainFixed(bytes, length, count);
    default:
      return ofBytes(type, aligned(bytes, count, widthOf({ type, length })));
  }
}

/** Nanoseconds since 1970 of the day and the time that deprecated timestamps are. */
function ticksOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return BigInt(view.getInt32(8, true) - 2_440_588) * 86_400_000_000_000n + view.getBigInt64(0, true);
}

function plainFixed(bytes: Bytes, width: number | undefined, count: number): Uint8Array[] {
  if (width === undefined || !(width > 0)) throw new Error("values of a fixed length have none");
  fits(bytes, count, width);
  return Array.from({ length: count }, () => bytes.take(width));
}

function fits(bytes: Bytes, count: number, width: number): void {
  if (count * width > bytes.left) throw new Error("a page ends before its values");
}

/** A copy of the values' bytes, where typed arrays can begin. */
const aligned = (bytes: Bytes, count: number, width: number): ArrayBuffer => bytes.take(count * width).slice().buffer;

function widthOf({ type, length }: Physical): number {
  const width = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, FIXED_LEN_BYTE_ARRAY: length }[type];
  if (width === undefined || !(width > 0)) throw new Error(`values of the type ${type} have no width`);
  return width;
}

function ofBytes(type: string, buffer: ArrayBuffer): DecodedArray {
  switch (type) {
    case "INT32":
      return new Int32Array(buffer);
    case "INT64":
      return new BigInt64Array(buffer);
    case "FLOAT":
      return new Float32Array(buffer);
    default:
      return new Float64Array(buffer);
  }
}

/** BYTE_STREAM_SPLIT: first bytes of all values, then the second ones. */
export function splitValues(bytes: Bytes, physical: Physical, count: number): DecodedArray {
  const width = widthOf(physical);
  const split = bytes.take(count * width);
  const joined = new Uint8Array(count * width);
  for (let part = 0; part < width; part++) for (let i = 0; i < count; i++) joined[i * width + part] = split[part * count + i]!;
  if (physical.type !== "FIXED_LEN_BYTE_ARRAY") return ofBytes(physical.type, joined.buffer);
  return plainFixed(new Bytes(joined), width, count);
}

/** RLE: runs of one value and runs of packed ones fill `out`; values have `width` bits. */
export function fillRuns<Out extends Uint8Array | Uint32Array>(bytes: Bytes, width: number, out: Out): Out {
  if (width > 32) throw new Error("a page has values of more than 32 bits in runs");
  for (let filled = 0; filled < out.length; ) {
    const header = bytes.varint();
    const run = Math.floor(header / 2);
    if (header % 2 === 1) {
      // Padded to groups of eight, of which the last may lack the bytes that nobody needs.
      const due = Math.min(run * 8, out.length - filled);
      unpackInto(bytes.takeUpTo(run * width), width, out, filled, filled + due);
      filled += due;
    } else {
      let value = 0;
      for (let scale = 1, i = 0; i < Math.ceil(width / 8); i++, scale *= 256) value += bytes.byte() * scale;
      const end = Math.min(filled + run, out.length);
      out.fill(value, filled, end);
      filled = end;
    }
  }
  return out;
}

function unpacked(bytes: Uint8Array, width: number, count: number): Uint8Array {
  const out = new Uint8Array(count);
  unpackInto(bytes, width, out, 0, count);
  return out;
}

/** Values of `width` bits each, the lowest bits first, become out[from…to]. */
function unpackInto(bytes: Uint8Array, width: number, out: Uint8Array | Uint32Array, from: number, to: number): void {
  if (bytes.length < Math.ceil(((to - from) * width) / 8)) throw new Error("a page ends before its values");
  let [at, held, bits] = [0, 0, 0];
  if (width <= 24) {
    const mask = (1 << width) - 1;
    for (let i = from; i < to; i++) {
      for (; bits < width; bits += 8) held |= bytes[at++]! << bits;
      out[i] = held & mask;
      held >>>= width;
      bits -= width;
    }
    return;
  }
  // More than 31 bits are held: a double has 53.
  const scale = 2 ** width;
  for (let i = from; i < to; i++) {
    for (; bits < width; bits += 8) held += bytes[at++]! * 2 ** bits;
    out[i] = held % scale;
    held = Math.floor(held / scale);
    bits -= width;
  }
}

/** The same for up to 64 bits. */
function unpackWide(bytes: Uint8Array, width: number, count: number): bigint[] {
  if (bytes.length < Math.ceil((count * width) / 8)) throw new Error("a page ends before its values");
  let [at, held, bits] = [0, 0n, 0];
  return Array.from({ length: count }, () => {
    for (; bits < width; bits += 8) held |= BigInt(bytes[at++]!) << BigInt(bits);
    const value = BigInt.asUintN(width, held);
    held >>= BigInt(width);
    bits -= width;
    return value;
  });
}

/** DELTA_BINARY_PACKED: blocks of miniblocks of differences. */
export function deltaValues(bytes: Bytes, type: string, count: number): Int32Array | BigInt64Array {
  const [block, minis, said] = [bytes.varint(), bytes.varint(), bytes.varint()];
  const size = block / minis;
  if (said !== count || !Number.isInteger(size) || size % 8 !== 0 || !(size > 0 && block <= 1 << 20)) throw new Error("a page of differences is damaged");
  const first = bytes.zigzag();
  // Checked by how many blocks there must be, each of which takes as many bytes at least as it has miniblocks.
  fits(bytes, Math.ceil(Math.max(count - 1, 0) / block), minis + 1);
  const out = type === "INT32" ? new Int32Array(count) : new BigInt64Array(count);
  if (count === 0) return out;
  if (out instanceof Int32Array) out[0] = Number(BigInt.asIntN(32, first));
  else out[0] = first;
  const room = new Uint32Array(size);
  for (let filled = 1; filled < count; ) {
    const least = bytes.zigzag();
    const widths = bytes.take(minis);
    for (let mini = 0; mini < minis && filled < count; mini++) {
      const width = widths[mini]!;
      const due = Math.min(size, count - filled);
      const packed = bytes.takeUpTo((size * width) / 8);
      if (width > 64) throw new Error("a page has differences of more than 64 bits");
      if (out instanceof Int32Array) {
        const step = Number(BigInt.asIntN(32, least));
        if (width > 32) unpackWide(packed, width, due).forEach((wide, i) => (room[i] = Number(BigInt.asUintN(32, wide))));
        else unpackInto(packed, width, room, 0, due);
        for (let i = 0, value = out[filled - 1]!; i < due; i++) out[filled++] = value = (value + step + room[i]!) | 0;
      } else {
        const wide = width > 32 ? unpackWide(packed, width, due) : undefined;
        if (!wide) unpackInto(packed, width, room, 0, due);
        for (let i = 0; i < due; i++) {
          out[filled] = out[filled - 1]! + least + (wide ? wide[i]! : BigInt(room[i]!));
          filled++;
        }
      }
    }
  }
  return out;
}

const lengths = (bytes: Bytes, count: number): Int32Array => deltaValues(bytes, "INT32", count) as Int32Array;

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. */
export function deltaLengthValues(bytes: Bytes, count: number): Uint8Array[] {
  return Array.from(lengths(bytes, count), (length) => bytes.take(length));
}

/** DELTA_BYTE_ARRAY: how much of the value before each begins with, and the rest. */
export function deltaByteValues(bytes: Bytes, count: number): Uint8Array[] {
  const [shared, rest] = [lengths(bytes, count), lengths(bytes, count)];
  let before = new Uint8Array() as Uint8Array;
  return Array.from(shared, (length, i) => {
    const own = bytes.take(rest[i]!);
    if (!(length >= 0 && length <= before.length)) throw new Error("a value begins as one that is shorter");
    if (length === 0) return (before = own);
    const value = new Uint8Array(length + own.length);
    value.set(before.subarray(0, length));
    value.set(own, length);
    return (before = value);
  });
}
