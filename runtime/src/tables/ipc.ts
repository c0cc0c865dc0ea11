import {
  batchType, binary, bool, Column as IpcColumn, columnFromArray, dateDay, decimal, dictionary, type CompressionType_, DateUnit, field as ipcField, fixedSizeBinary, float, float64, int, int32, int64 as ipcInt64, list, map, Precision, struct,
  tableFromColumns, tableFromIPC, tableToIPC, time, TimeUnit as IpcUnit, timestamp, Type, utf8, type Batch, type DataType, type Field as IpcField,
} from "@uwdata/flechette";
import { decimalBits, isText, mapOf, nothing, string, timeBits, type ArrowType, type Field, type TimeUnit } from "./arrow-type.ts";
import { timeStored, timeTicks, uuidBytes, uuidText } from "./kinds.ts";
import { Column, unsupportedType, type Stored } from "./column.ts";
import type { View } from "./js-view.ts";
import { canonicalInteger } from "./infer.ts";
import type { Columns } from "./row.ts";

/** Columns as an Arrow IPC stream, every bit of them. Nothing but nulls is float64. LS2015 for a type not carried. */
export function toIpc(columns: Columns): Uint8Array {
  const entries = [...columns].map(([name, column]): [string, IpcColumn<unknown>] => [name, ipcColumn(column)]);
  return tableToIPC(saying(columns, tableFromColumns(entries)), { format: "stream" })!;
}

/** What a field says beside its type: docs of Arrow, "Canonical Extension Types". */
const EXTENSION = "ARROW:extension:name";
const UUID = "arrow.uuid";

const metadataOf = (type: ArrowType): Map<string, string> | null => (type.id === "uuid" ? new Map([[EXTENSION, UUID], ["ARROW:extension:metadata", ""]]) : null);

const field = (name: string, type: ArrowType, own: DataType, nullable = true): IpcField => ipcField(name, own, nullable, metadataOf(type));

/** The table, its fields with what they say. */
function saying(columns: Columns, table: ReturnType<typeof tableFromColumns>): typeof table {
  const types = [...columns.values()].map(({ type }) => type);
  table.schema.fields = table.schema.fields.map((own, i) => field(own.name, types[i]!, own.type));
  return table;
}

/** The columns of an Arrow IPC stream; `views` says which are seen otherwise than by default. */
export function fromIpc(bytes: Uint8Array, views: Readonly<Record<string, View>> = {}): { columns: Columns; rows: number } {
  // Typed arrays are views of the stream: it has to start at a multiple of eight bytes.
  const table = decoded(bytes.byteOffset % 8 === 0 ? bytes : bytes.slice());
  const columns = table.schema.fields.map(({ name, type }, i): [string, Column] => {
    const view = views[name];
    // In streams between ranks and this process bytes of 16 are uuids.
    const own = typeOf({ type }, true);
    return [name, new Column(own, table.numRows, () => storedValues(table.getChildAt(i), own), { ...(view && { view }), origin: `the column "${name}"` })];
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
  return tableToIPC(saying(columns, tableFromColumns(entries)), { format: "file", codec })!;
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
  return new Map(tableFromIPC(message.slice()).schema.fields.map((own) => [own.name, arrowType(own)]));
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
    case "uuid":
      return fixedSizeBinary(16);
    case "time":
      return time(units[type.unit]);
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
      if (type.map && element?.typeId === Type.Struct) {
        const [key, value] = element.children;
        return map(ipcField("key", key!.type, false, key!.metadata), value!);
      }
      return element && list(field("item", type.of, element));
    }
    case "struct": {
      const members = type.fields.map((member) => [member, ipcType(member.type)] as const);
      return members.every(([, own]) => own !== undefined) ? struct(members.map(([member, own]) => field(member.name, member.type, own!))) : undefined;
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
  const asIntegers = integersOf(column.type) ?? type;
  const wide = column.type.id === "decimal" || (asIntegers.typeId === Type.Int && asIntegers.bitWidth === 64);
  const raw = rawOf(column.type);
  const convert = (v: Stored): Stored => (v === null ? null : wide ? BigInt(raw(v) as number | bigint) : raw(v));
  const built = columnFromArray(Array.from(column.values, convert), asIntegers, { useBigInt: true, ...(maxBatchRows !== undefined && { maxBatchRows }) });
  return new IpcColumn([...built.data], type);
}

function integersOf(type: ArrowType): DataType | undefined {
  if (type.id === "timestamp") return ipcInt64();
  if (type.id === "time") return timeBits(type.unit) === 32 ? int32() : ipcInt64();
  return type.id === "date" ? int32() : undefined;
}

/** What stands in Arrow's memory for a value that is stored as a text. */
function rawOf(type: ArrowType): (value: NonNullable<Stored>) => Stored {
  if (type.id === "uuid") return (text) => uuidBytes(text as string);
  return type.id === "time" ? (text) => timeTicks(text as string, type.unit)! : (value) => value;
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
    const child = ipcColumn(new Column(of, Math.max(elements.length, 1), elements.length === 0 ? [type.typeId === Type.Map && of.id === "struct" ? [anyOf(of.fields[0]!.type), null] : null] : elements));
    batches.push(new (batchType(type) as BatchClass)({ length, nullCount, type, validity, offsets, children: [...child.data] }));
  }
  return new IpcColumn(batches, type);
}

/** Some value of a map's key, which is not null. */
function anyOf(type: ArrowType): Stored {
  const { id } = type;
  if (id === "list") return [];
  if (id === "struct") return type.fields.map((member) => anyOf(member.type));
  if (id === "binary") return new Uint8Array();
  if (id === "bool") return false;
  return isText(type) ? "" : id === "uuid" ? "00000000-0000-0000-0000-000000000000" : id === "time" ? "00:00:00" : 0;
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

/** The type of a file's column: bytes of 16 are uuids where it says so. */
export const arrowType = (own: Said): ArrowType => typeOf(own, false);

type Said = Pick<IpcField, "type"> & { readonly metadata?: IpcField["metadata"] };

/** `areUuids`: bytes of 16, whatever they say. */
function typeOf({ type, metadata }: Said, areUuids: boolean): ArrowType {
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
    case Type.FixedSizeBinary:
      return { id: type.stride === 16 && (areUuids || metadata?.get(EXTENSION) === UUID) ? "uuid" : "binary" };
    case Type.Time:
      return { id: "time", unit: unitNames[type.unit]! };
    case Type.Duration:
      return { id: "other", name: `duration[${unitNames[type.unit]}]` };
    case Type.Dictionary:
      return valuesType(type, areUuids).id === "string" ? { id: "dictionary" } : valuesType(type, areUuids);
    case Type.List:
    case Type.LargeList:
    case Type.FixedSizeList:
      return { id: "list", of: elementType(type.children[0]!, areUuids) };
    case Type.Map: {
      const entries = elementType(type.children[0]!, areUuids);
      const [key, value] = entries.id === "struct" ? entries.fields : [];
      return key && value ? mapOf(key.type, value.type) : { id: "other", name: "map" };
    }
    case Type.Struct:
      return { id: "struct", fields: type.children.map((member) => ({ name: member.name, type: elementType(member, areUuids) })) };
    default:
      return { id: "other", name: Object.entries(Type).find(([, id]) => id === type.typeId)?.[0].toLowerCase() ?? "unknown" };
  }
}

/** Elements and members have one layout, also where they were a dictionary's. */
function elementType(own: IpcField, areUuids: boolean): ArrowType {
  const element = typeOf(own, areUuids);
  return element.id === "dictionary" ? { id: "string" } : element;
}

/** What a dictionary is of. */
const valuesType = (type: DataType & { dictionary: DataType }, areUuids: boolean): ArrowType => typeOf({ type: type.dictionary }, areUuids);

/** Values of integer types as they lie in memory, others as flechette reads them. LS2015 of a time of another day. */
export function storedValues(column: IpcColumn<unknown>, type: ArrowType): Stored[] {
  const out: Stored[] = [];
  // Nothing says of their rows that they are null.
  if (column.type.typeId === Type.Null) return new Array<Stored>(column.length).fill(null);
  for (const batch of column.data) {
    const at = storedIn(batch, type);
    for (let i = 0; i < batch.length; i++) out.push(at(i));
  }
  return out;
}

function storedIn(batch: Batch<unknown>, type: ArrowType): (index: number) => Stored {
  const { typeId } = batch.type;
  const text = textOf(batch as unknown as TextBatch, type);
  const raw = typeId === Type.Int || typeId === Type.Date || typeId === Type.Timestamp;
  const isList = typeId === Type.List || typeId === Type.Map || typeId === Type.LargeList || typeId === Type.FixedSizeList;
  const element = isList ? storedIn(batch.children![0]!, type.id === "list" ? type.of : nothing) : undefined;
  const begin = batch.type.typeId === Type.FixedSizeList ? ((size) => (i: number) => i * size)(batch.type.stride) : (i: number) => Number(batch.offsets![i]);
  const list = (i: number): Stored => {
    const from = begin(i);
    return Array.from({ length: begin(i + 1) - from }, (_, n) => element!(from + n));
  };
  const members = typeId === Type.Struct ? batch.children!.map((member, i) => storedIn(member, type.id === "struct" ? type.fields[i]!.type : nothing)) : undefined;
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
function textOf(batch: TextBatch, own: ArrowType): ((index: number) => Stored) | undefined {
  const { type, offsets, values } = batch;
  if (own.id === "uuid" && type.typeId === Type.FixedSizeBinary) return (i) => uuidText(values.subarray(i * 16, i * 16 + 16));
  if (own.id === "time" && type.typeId === Type.Time) return (i) => timeStored(values[i]!, own.unit);
  switch (type.typeId) {
    case Type.Utf8:
    case Type.LargeUtf8:
      return textInBlocks(offsets, values, batch.length);
    case Type.Utf8View:
      return (i) => decoder.decode(batch.view(i));
    case Type.Dictionary: {
      const words = storedValues(batch.dictionary, own.id === "dictionary" ? string : own);
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
