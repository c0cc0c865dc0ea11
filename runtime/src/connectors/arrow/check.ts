/** Whether what a column's buffers say can be: flechette looks into them without asking. */
import { isUtf8 } from "node:buffer";
import { Type, type Column, type DataType } from "@uwdata/flechette";

/** What flechette's batches have; which of it their type says. */
interface Buffers {
  readonly type: DataType;
  readonly length: number;
  readonly nullCount: number;
  readonly validity?: Uint8Array;
  readonly values?: ArrayLike<number | bigint>;
  readonly offsets?: ArrayLike<number | bigint>;
  /** Of views: the buffers that hold longer values. */
  readonly data?: readonly Uint8Array[];
  readonly dictionary?: Column<unknown>;
  /** Of lists: their elements. */
  readonly children?: readonly Buffers[];
  isValid(index: number): boolean;
  key?(index: number): number;
}

/** Throws where a column's buffers are too short, or point outside of each other. */
export function checkColumn(column: Column<unknown>): void {
  for (const batch of column.data as unknown as readonly Buffers[]) checkBatch(batch);
}

function checkBatch(batch: Buffers): void {
  const { type, length, nullCount, validity } = batch;
  if (nullCount > 0 && type.typeId !== Type.Null && (validity?.length ?? 0) * 8 < length) throw new Error("a column has too few bits for its rows");
  switch (type.typeId) {
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return checkOffsets(batch, type.typeId === Type.Utf8 || type.typeId === Type.LargeUtf8);
    case Type.Utf8View:
    case Type.BinaryView:
      return checkViews(batch, type.typeId === Type.Utf8View);
    case Type.Dictionary: {
      const { dictionary } = batch;
      if (dictionary === undefined) {
        if (nullCount < length) throw new Error("a dictionary is missing");
        return;
      }
      checkColumn(dictionary);
      atLeast(batch, length);
      for (let i = 0; i < length; i++) if (!(batch.values![i]! >= 0 && batch.values![i]! < dictionary.length) && (nullCount === 0 || batch.isValid(i))) throw new Error("a row has an entry that its dictionary has not");
      return;
    }
    case Type.List:
    case Type.Map:
    case Type.LargeList:
      checkOffsets({ ...batch, length, offsets: batch.offsets!, values: { length: batch.children![0]!.length } }, false);
      return checkBatch(batch.children![0]!);
    case Type.FixedSizeList:
      if (batch.children![0]!.length < length * type.stride) throw new Error("a column has too few elements for its lists");
      return checkBatch(batch.children![0]!);
    case Type.Struct:
      for (const member of batch.children!) {
        if (member.length < length) throw new Error("a struct has a member with too few values for its rows");
        checkBatch(member);
      }
      return;
    case Type.Bool:
      return atLeast(batch, Math.ceil(length / 8));
    case Type.Decimal:
      return atLeast(batch, length * Math.max(type.bitWidth / 64, 1));
    case Type.FixedSizeBinary:
      return atLeast(batch, length * type.stride);
    case Type.Int:
    case Type.Time:
    case Type.Float:
    case Type.Date:
    case Type.Timestamp:
      return atLeast(batch, length);
  }
}

function atLeast({ values }: Buffers, count: number): void {
  if ((values?.length ?? 0) < count) throw new Error("a column has too few values for its rows");
}

function checkOffsets({ length, offsets, values }: Buffers, isText: boolean): void {
  if (length === 0) return;
  const bytes = values as Uint8Array;
  if (offsets!.length <= length) throw new Error("a column has too few offsets for its rows");
  let before = Number(offsets![0]);
  if (!(before >= 0)) throw new Error("an offset is negative");
  const first = before;
  for (let i = 1; i <= length; i++) {
    const offset = Number(offsets![i]);
    if (!(offset >= before && offset <= bytes.length)) throw new Error("an offset points outside of its column");
    // The second byte of a character begins none.
    if (isText && offset < bytes.length && (bytes[offset]! & 0xc0) === 0x80) throw new Error("a text begins within a character");
    before = offset;
  }
  if (isText && !isUtf8(bytes.subarray(first, before))) throw new Error("a text is not UTF-8");
}

/** Bytes of a view, and of what stands in it. */
const [viewBytes, inlined] = [16, 12];

function checkViews(batch: Buffers, isText: boolean): void {
  const { length, data = [] } = batch;
  const bytes = batch.values as Uint8Array;
  atLeast(batch, length * viewBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < length; i++) {
    if (batch.nullCount > 0 && !batch.isValid(i)) continue;
    const at = i * viewBytes;
    const size = view.getInt32(at, true);
    const buffer = size > inlined ? data[view.getInt32(at + 8, true)] : bytes;
    const start = size > inlined ? view.getInt32(at + 12, true) : at + 4;
    if (size < 0 || buffer === undefined || start < 0 || start + size > buffer.length) throw new Error("a value points outside of its column");
    if (isText && !isUtf8(buffer.subarray(start, start + size))) throw new Error("a text is not UTF-8");
  }
}
