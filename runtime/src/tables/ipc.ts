import {
  batchType, binary, bool, Column as IpcColumn, columnFromArray, dateDay, decimal, dictionary, type CompressionType_, DateUnit, field, float, float64, int, int32, int64 as ipcInt64, list, Precision, struct,
  tableFromColumns, tableFromIPC, tableToIPC, TimeUnit as IpcUnit, timestamp, Type, utf8, type Batch, type DataType,
} from "@uwdata/flechette";
import { decimalBits, type ArrowType, type Field, type TimeUnit } from "./arrow-type.ts";
import { Column, unsupportedType, type Stored } from "./column.ts";
import type { View } from "./js-view.ts";
import { canonicalInteger } from "./infer.ts";
import type { Columns } from "./row.ts";

/** Columns as an Arrow IPC stream, every bit of them. Nothing but nulls is float64. LS2015 for a type not carried. */
export function toIpc(columns: Columns): Uint8Array {
  const entries = [...columns].map(([name, column]): [string, IpcColumn<unknown>] => [name, ipcColumn(column)]);
  return tableToIPC(tableFromColumns(entries), { format: "stream" })!;
}

/** The columns of an Arrow IPC stream; `views` says which are seen otherwise than by default. */
export function fromIpc(bytes: Uint8Array, views: Readonly<Record<string, View>> = {}): { columns: Columns; rows: number } {
  // Typed arrays are views of the stream: it has to start at a multiple of eight bytes.
  const table = decoded(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
  const columns = table.schema.fields.map(({ name, type }, i): [string, Column] => {
    const view = views[name];
    return [name, new Column(arrowType(type), table.numRows, () => storedValues(table.getChildAt(i)), { ...(view && { view }), origin: `the column "${name}"` })];
  });
  return { columns: new Map(columns), rows: table.numRows };
}

/** A table whose values are as they are stored. */
export const decoded = (messages: Uint8Array | Uint8Array[]): ReturnType<typeof tableFromIPC> => tableFromIPC(messages, { useBigInt: true, useDecimalInt: true });

/** Rows of a record batch of a file. */
const batchRows = 65_536;

/** Columns as a file of Arrow IPC. LS2015 for a type not carried. */
export function toIpcFile(columns: Columns, codec: CompressionType_ | null): Uint8Array {
  const entries = [...columns].map(([name, column]): [string, IpcColumn<unknown>] => [name, ipcColumn(column, "written as Arrow IPC", batchRows)]);
  return tableToIPC(tableFromColumns(entries), { format: "file", codec })!;
}

/** Bytes of the end-of-stream mark. */
const endMark = 8;

/** The IPC schema message of columns: what Parquet files carry as ARROW:schema. */
export function schemaMessage(columns: Columns): Uint8Array {
  const empty = [...columns].map(([name, { type }]): [string, Column] => [name, new Column(type, 0, [])]);
  return toIpc(new Map(empty)).slice(0, -endMark);
}

/** Column → type of an IPC schema message. */
export function schemaTypes(message: Uint8Array): ReadonlyMap<string, ArrowType> {
  return new Map(tableFromIPC(message.slice()).schema.fields.map(({ name, type }) => [name, arrowType(type)]));
}

const units = { s: IpcUnit.SECOND, ms: IpcUnit.MILLISECOND, us: IpcUnit.MICROSECOND, ns: IpcUnit.NANOSECOND } as const;
const unitNames = Object.fromEntries(Object.entries(units).map(([name, unit]) => [unit, name as TimeUnit]));
const precisions = { 16: Precision.HALF, 32: Precision.SINGLE, 64: Precision.DOUBLE } as const;

function ipcType(type: ArrowType): DataType | undefined {
  switch (type.id) {
    case "null":
      return float64();
    case "bool":
      return bool();
    case "string":
      return utf8();
    case "binary":
      return binary();
    case "date":
      return dateDay();
    case "int":
      return int(type.bits, type.signed);
    case "float":
      return float(precisions[type.bits]);
    case "timestamp":
      return timestamp(units[type.unit], type.zone);
    case "decimal":
      return decimal(type.precision, type.scale, decimalBits(type));
    case "dictionary":
      return dictionary(utf8(), int32());
    case "list": {
      const element = ipcType(type.of);
      return element && list(field("item", element));
    }
    case "struct": {
      const members = type.fields.map((member) => [member.name, ipcType(member.type)] as const);
      return members.every(([, member]) => member !== undefined) ? struct(members.map(([name, member]) => field(name, member!))) : undefined;
    }
    case "other":
      return undefined;
  }
}

function ipcColumn(column: Column, purpose = "sent to other ranks", maxBatchRows?: number): IpcColumn<unknown> {
  const type = ipcType(column.type);
  if (type === undefined) throw unsupportedType(column, purpose);
  if (column.type.id === "list") return ipcLists(column, column.type.of, type, maxBatchRows);
  if (column.type.id === "struct") return ipcStructs(column, column.type.fields, type, maxBatchRows);
  // Ticks and days are built as the integers they are, then named: flechette's own builders take milliseconds.
  const asIntegers = column.type.id === "timestamp" ? ipcInt64() : column.type.id === "date" ? int32() : type;
  const wide = asIntegers.typeId === Type.Int && asIntegers.bitWidth === 64;
  const convert = column.type.id === "decimal" || wide ? (v: Stored) => (v === null ? null : BigInt(v as number | bigint)) : (v: Stored) => v;
  const built = columnFromArray(Array.from(column.values, convert), asIntegers, { useBigInt: true, ...(maxBatchRows !== undefined && { maxBatchRows }) });
  return new IpcColumn([...built.data], type);
}

/** Of each batch offsets, validity, and the elements as a column of their own. As flechette has it, a column of no rows has no batch. */
function ipcLists(column: Column, of: ArrowType, type: DataType, most = column.length): IpcColumn<unknown> {
  const batches: Batch<unknown>[] = [];
  for (let start = 0; start < column.length; start += most) {
    const length = Math.min(most, column.length - start);
    const offsets = new Int32Array(length + 1);
    const validity = new Uint8Array(Math.ceil(length / 8));
    const elements: Stored[] = [];
    let nullCount = 0;
    for (let row = 0; row < length; row++) {
      const values = column.values[start + row] as readonly Stored[] | null;
      if (values === null) nullCount++;
      else {
        validity[row >> 3]! |= 1 << (row & 7);
        for (const value of values) elements.push(value);
      }
      offsets[row + 1] = elements.length;
    }
    // A batch of no elements would be none: one that is in no list keeps it.
    const child = ipcColumn(new Column(of, Math.max(elements.length, 1), elements.length === 0 ? [null] : elements));
    batches.push(new (batchType(type) as BatchClass)({ length, nullCount, type, validity, offsets, children: [...child.data] }));
  }
  return new IpcColumn(batches, type);
}

/** Of each batch validity, and a column of each member. */
function ipcStructs(column: Column, fields: readonly Field[], type: DataType, most = column.length): IpcColumn<unknown> {
  const batches: Batch<unknown>[] = [];
  for (let start = 0; start < column.length; start += most) {
    const rows = Array.from({ length: Math.min(most, column.length - start) }, (_, i) => column.values[start + i] as readonly Stored[] | null);
    const validity = new Uint8Array(Math.ceil(rows.length / 8));
    rows.forEach((members, row) => {
      if (members !== null) validity[row >> 3]! |= 1 << (row & 7);
    });
    const children = fields.flatMap((member, i) => ipcColumn(new Column(member.type, rows.length, rows.map((members) => members && members[i]!))).data);
    const nullCount = rows.filter((members) => members === null).length;
    batches.push(new (batchType(type) as BatchClass)({ length: rows.length, nullCount, type, validity, children }));
  }
  return new IpcColumn(batches, type);
}

type BatchClass = new (parts: object) => Batch<unknown>;

export function arrowType(type: DataType): ArrowType {
  switch (type.typeId) {
    case Type.Null:
      return { id: "null" };
    case Type.Bool:
      return { id: "bool" };
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { id: "string" };
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
      return { id: "binary" };
    case Type.Int:
      return { id: "int", bits: type.bitWidth, signed: type.signed };
    case Type.Float:
      return { id: "float", bits: ([16, 32, 64] as const)[type.precision] };
    case Type.Date:
      return type.unit === DateUnit.DAY ? { id: "date" } : { id: "timestamp", unit: "ms", zone: null };
    case Type.Timestamp:
      return { id: "timestamp", unit: unitNames[type.unit]!, zone: type.timezone };
    case Type.Decimal:
      return { id: "decimal", precision: type.precision, scale: type.scale };
    case Type.Duration:
      return { id: "other", name: `duration[${unitNames[type.unit]}]` };
    case Type.Dictionary:
      return arrowType(type.dictionary).id === "string" ? { id: "dictionary" } : arrowType(type.dictionary);
    case Type.List:
    case Type.LargeList:
    case Type.FixedSizeList:
      return { id: "list", of: elementType(type.children[0]!.type) };
    case Type.Struct:
      return { id: "struct", fields: type.children.map((member) => ({ name: member.name, type: elementType(member.type) })) };
    default:
      return { id: "other", name: Object.entries(Type).find(([, id]) => id === type.typeId)?.[0].toLowerCase() ?? "unknown" };
  }
}

/** Elements and members have one layout, also where they were a dictionary's. */
function elementType(type: DataType): ArrowType {
  const element = arrowType(type);
  return element.id === "dictionary" ? { id: "string" } : element;
}

/** Values of integer types as they lie in memory, others as flechette reads them. */
export function storedValues(column: IpcColumn<unknown>): Stored[] {
  const out: Stored[] = [];
  // Nothing says of their rows that they are null.
  if (column.type.typeId === Type.Null) return new Array<Stored>(column.length).fill(null);
  for (const batch of column.data) {
    const at = storedIn(batch);
    for (let i = 0; i < batch.length; i++) out.push(at(i));
  }
  return out;
}

function storedIn(batch: Batch<unknown>): (index: number) => Stored {
  const { typeId } = batch.type;
  const text = textOf(batch as unknown as TextBatch);
  const raw = typeId === Type.Int || typeId === Type.Date || typeId === Type.Timestamp;
  const isList = typeId === Type.List || typeId === Type.LargeList || typeId === Type.FixedSizeList;
  const element = isList ? storedIn(batch.children![0]!) : undefined;
  const begin = batch.type.typeId === Type.FixedSizeList ? ((size) => (i: number) => i * size)(batch.type.stride) : (i: number) => Number(batch.offsets![i]);
  const list = (i: number): Stored => {
    const from = begin(i);
    return Array.from({ length: begin(i + 1) - from }, (_, n) => element!(from + n));
  };
  const members = typeId === Type.Struct ? batch.children!.map(storedIn) : undefined;
  return (i) => {
    if (batch.nullCount > 0 && !batch.isValid(i)) return null;
    const value = (members ? members.map((member) => member(i)) : element ? list(i) : raw ? batch.values![i] : text ? text(i) : batch.at(i)) as Stored | undefined;
    return typeof value === "bigint" ? canonicalInteger(value) : (value ?? null);
  };
}

/** What flechette's batches of strings have. */
interface TextBatch {
  readonly type: DataType;
  readonly length: number;
  readonly offsets: ArrayLike<number | bigint>;
  readonly values: Uint8Array;
  readonly dictionary: IpcColumn<unknown>;
  view(index: number): Uint8Array;
  key(index: number): number;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** How a batch of strings is read; flechette's own reading loses a leading U+FEFF. */
function textOf(batch: TextBatch): ((index: number) => Stored) | undefined {
  const { type, offsets, values } = batch;
  switch (type.typeId) {
    case Type.Utf8:
    case Type.LargeUtf8:
      return textInBlocks(offsets, values, batch.length);
    case Type.Utf8View:
      return (i) => decoder.decode(batch.view(i));
    case Type.Dictionary: {
      const words = storedValues(batch.dictionary);
      return (i) => words[batch.key(i)]!;
    }
    default:
      return undefined;
  }
}

/** Rows whose texts are decoded together, up to so many bytes; a text that is a slice of them keeps all of them in memory. */
const block = { rows: 512, bytes: 1 << 18 };

/** The texts of a batch of so many rows, fastest in order: a call of the decoder costs more than a short text does. */
function textInBlocks(offsets: ArrayLike<number | bigint>, values: Uint8Array, rows: number): (index: number) => string {
  let [first, end, start] = [0, 0, 0];
  let all: string | undefined;
  return (i) => {
    if (i < first || i >= end) {
      [first, end, start] = [i, Math.min(i + block.rows, rows), Number(offsets[i])];
      const bytes = values.subarray(start, Number(offsets[end]));
      all = bytes.length <= block.bytes ? decoder.decode(bytes) : undefined;
      // Characters stand where their bytes do only if each has one.
      if (all?.length !== bytes.length) all = undefined;
    }
    const [from, to] = [Number(offsets[i]), Number(offsets[i + 1])];
    return all?.slice(from - start, to - start) ?? decoder.decode(values.subarray(from, to));
  };
}
