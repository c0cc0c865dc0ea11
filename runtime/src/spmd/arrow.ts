import {
  batchType, binary, bool, Column as ArrowColumn, columnFromArray, dateDay, DateUnit, decimal, dictionary, float, int, Precision, tableFromColumns,
  tableFromIPC, tableToIPC, timestamp, TimeUnit, Type, utf8, type DataType,
} from "@uwdata/flechette";
import type { ArrowType } from "../tables/arrow-type.ts";
import { Column, type Stored, type StoredValues } from "../tables/column.ts";
import { canonicalInteger } from "../tables/infer.ts";

/** Columns as the facade keeps them: every bit, and looked at as under plain Node. */
export interface Columns {
  readonly columns: Map<string, Column>;
  readonly rows: number;
}

/** Decodes an Arrow IPC stream. */
export function fromIPC(ipc: Uint8Array): Columns {
  // Arrow's typed arrays are views: they need the stream to start at a multiple of eight bytes.
  const aligned = ipc.byteOffset % 8 === 0 ? new Uint8Array(ipc.buffer, ipc.byteOffset, ipc.byteLength) : Uint8Array.from(ipc);
  const table = tableFromIPC(aligned, { useBigInt: true, useDecimalInt: true });
  const columns = new Map<string, Column>();
  for (const [index, name] of table.names.entries()) {
    const column = table.getChildAt(index) as ArrowColumn<unknown>;
    const type = arrowType(column.type);
    columns.set(String(name), new Column(type, column.length, () => storedValues(column, type), { origin: `column "${String(name)}"` }));
  }
  return { columns, rows: table.numRows };
}

/** Encodes columns as an Arrow IPC stream of one batch. */
export function toIPC(columns: ReadonlyMap<string, Column>): Uint8Array {
  const encoded = [...columns].map(([name, column]): [string, ArrowColumn<unknown>] => [name, arrowColumn(column)]);
  return tableToIPC(tableFromColumns(encoded), { format: "stream" })!;
}

/** Ticks, days and unscaled decimals are taken as stored: looking at them would round. */
function storedValues(column: ArrowColumn<unknown>, type: ArrowType): StoredValues {
  const raw = type.id === "timestamp" || type.id === "date";
  if (type.id === "float" && column.nullCount === 0 && column.data.length === 1) return column.data[0]!.values as StoredValues;
  const values = new Array<Stored>(column.length);
  let row = 0;
  for (const batch of column.data) {
    for (let index = 0; index < batch.length; index++) {
      const valid = batch.nullCount === 0 || batch.isValid(index);
      const value: unknown = !valid ? null : raw ? batch.values[index] : batch.at(index);
      values[row++] = typeof value === "bigint" ? canonicalInteger(value) : ((value ?? null) as Stored);
    }
  }
  return values;
}

const units = ["s", "ms", "us", "ns"] as const;

function arrowType(type: DataType): ArrowType {
  switch (type.typeId) {
    case Type.Null:
      return { id: "null" };
    case Type.Bool:
      return { id: "bool" };
    case Type.Int:
      return { id: "int", bits: type.bitWidth, signed: type.signed };
    case Type.Float:
      return { id: "float", bits: type.precision === Precision.HALF ? 16 : type.precision === Precision.SINGLE ? 32 : 64 };
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { id: "string" };
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
      return { id: "binary" };
    case Type.Date:
      return type.unit === DateUnit.DAY ? { id: "date" } : { id: "timestamp", unit: "ms", zone: null };
    case Type.Timestamp:
      return { id: "timestamp", unit: units[type.unit]!, zone: type.timezone ?? null };
    case Type.Decimal:
      return { id: "decimal", precision: type.precision, scale: type.scale };
    case Type.Dictionary:
      return arrowType(type.dictionary).id === "string" ? { id: "dictionary" } : arrowType(type.dictionary);
    default:
      return { id: "other", name: Object.keys(Type).find((name) => Type[name as keyof typeof Type] === type.typeId) ?? "unknown" };
  }
}

function arrowColumn({ type, values, length }: Column): ArrowColumn<unknown> {
  const list = Array.from(values);
  switch (type.id) {
    case "null":
    case "string":
      return columnFromArray(list, utf8());
    case "bool":
      return columnFromArray(list, bool());
    case "dictionary":
      return columnFromArray(list, dictionary(utf8()));
    case "binary":
      return columnFromArray(list, binary());
    case "float":
      return columnFromArray(list, float(type.bits === 16 ? Precision.HALF : type.bits === 32 ? Precision.SINGLE : Precision.DOUBLE));
    case "date":
      return fixed(dateDay(), list, new Int32Array(length), Number);
    case "int":
      return type.bits === 64
        ? fixed(int(64, type.signed), list, type.signed ? new BigInt64Array(length) : new BigUint64Array(length), (value) => BigInt(value as number))
        : columnFromArray(list, int(type.bits, type.signed));
    case "timestamp":
      return fixed(timestamp(timeUnit(type.unit), type.zone), list, new BigInt64Array(length), (value) => BigInt(value as number));
    case "decimal": {
      const words = new BigInt64Array(2 * length);
      list.forEach((value, row) => {
        const whole = value === null ? 0n : BigInt(value as number);
        words[2 * row] = BigInt.asIntN(64, whole);
        words[2 * row + 1] = whole >> 64n;
      });
      return column(decimal(type.precision, type.scale), list, new BigUint64Array(words.buffer) as never);
    }
    case "other":
      throw new TypeError(`a column of type ${type.name} cannot be sent to the engine`);
  }
}

function timeUnit(unit: (typeof units)[number]) {
  return [TimeUnit.SECOND, TimeUnit.MILLISECOND, TimeUnit.MICROSECOND, TimeUnit.NANOSECOND][units.indexOf(unit)]!;
}

function fixed<V extends number | bigint>(type: DataType, list: readonly Stored[], values: { [row: number]: V }, convert: (value: Stored) => V): ArrowColumn<unknown> {
  list.forEach((value, row) => {
    if (value !== null) values[row] = convert(value);
  });
  return column(type, list, values as never);
}

/** A column of one batch over a buffer that is ready. */
function column(type: DataType, list: readonly Stored[], values: never): ArrowColumn<unknown> {
  if (list.length === 0) return new ArrowColumn([], type);
  const validity = new Uint8Array(Math.ceil(list.length / 64) * 8);
  let nullCount = 0;
  list.forEach((value, row) => {
    if (value === null) nullCount++;
    else validity[row >> 3]! |= 1 << (row & 7);
  });
  const Batch = batchType(type, { useBigInt: true }) as unknown as new (parts: object) => ArrowColumn<unknown>["data"][number];
  return new ArrowColumn([new Batch({ length: list.length, nullCount, type, validity: nullCount > 0 ? validity : new Uint8Array(0), values })], type);
}
