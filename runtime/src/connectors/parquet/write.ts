import { readFile, writeFile } from "node:fs/promises";
import { zstdCompressSync, gzipSync } from "node:zlib";
import { LockstepError } from "../../errors/index.ts";
import { isCarried, timeBits, type ArrowType } from "../../tables/arrow-type.ts";
import { unsupportedType, type Column, type Stored } from "../../tables/column.ts";
import { timeTicks, uuidBytes } from "../../tables/kinds.ts";
import type { Columns } from "../../tables/row.ts";
import { fileBloomFilters } from "../bloom-filters.ts";
import { checkOptions } from "../options.ts";
import { writeFiles } from "../output.ts";
import { fileSort, type SortBy, type SortKey } from "../sort-by.ts";
import type { WriteFilesOptions } from "../write-options.ts";
import { typesOf, writtenColumns } from "../written-columns.ts";
import { parquetUnit, schemaElements, type Ids } from "./schema.ts";

/** Options of writeParquet. */
export interface WriteParquetOptions<Row> extends WriteFilesOptions<Row> {
  /** "snappy" by default. */
  readonly compression?: "snappy" | "zstd" | "gzip" | "lz4" | "none";
  /** Rows in a row group: 1,048,576 by default. On ranks fewer where they would take more than the memory that a writer has, an eighth of a rank's, 256 MiB at most. */
  readonly rowGroupRows?: number;
  /** Columns written as another Arrow type: `{ id: "int32" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: string };
  /** What the rows of each file are sorted by, which the files say: `["at", "price desc"]`. The table's own order is then not kept. */
  readonly sortBy?: readonly SortBy<keyof Row & string>[];
  /** Columns of texts, numbers or dates of whose values each row group has a Bloom filter, by which readers that look for a value leave out row groups without it. */
  readonly bloomFilters?: readonly (keyof Row & string)[];
}

const codecs = { snappy: "SNAPPY", zstd: "ZSTD", gzip: "GZIP", none: "UNCOMPRESSED" } as const;
const compressors = { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes), GZIP: (bytes: Uint8Array) => gzipSync(bytes) };

/** The share of the values that a row group has not, of which its Bloom filter says that they may be there. The engine's filters are as large. */
const FALSE_POSITIVES = 0.01;

/** See Table.writeParquet. */
export async function writeParquet(columns: Columns, rows: number, path: string | URL, options: WriteParquetOptions<never>): Promise<void> {
  checkOptions("writeParquet", options);
  const compression = options.compression ?? "snappy";
  const types = typesOf(columns, options.types as Readonly<Record<string, string>> | undefined);
  const sort = fileSort(options, [...columns.keys()]);
  const bloomFilters = fileBloomFilters(options, [...columns].map(([name, { type }]) => ({ name, type: types.get(name) ?? type })));
  await writeFiles("writeParquet", path, options, "parquet", columns, rows, async (filename, own, count) => {
    const written = writtenColumns(own, count, types, sort);
    for (const { column } of written) if (!isCarried(column.type)) throw unsupportedType(column, "written");
    await writeParquetFile(filename, written, count, { compression, sort, bloomFilters, rowGroupRows: options.rowGroupRows, arrowSchema: true });
  });
}

export type Compression = NonNullable<WriteParquetOptions<never>["compression"]>;

/** A column as it is written; `ids`: what a table calls it by. */
export interface WrittenColumn {
  readonly name: string;
  readonly ids?: Ids;
  readonly column: Column;
}

/** Writes one file. `arrowSchema`: whether it says its columns' Arrow types. */
export async function writeParquetFile(
  filename: string,
  columns: readonly WrittenColumn[],
  rows: number,
  { compression, sort = [], bloomFilters = [], rowGroupRows = 1_048_576, arrowSchema }: {
    readonly compression: Compression; readonly sort?: readonly SortKey[]; readonly bloomFilters?: readonly string[]; readonly rowGroupRows?: number | undefined; readonly arrowSchema: boolean;
  },
): Promise<void> {
  if (compression === "lz4") {
    throw new LockstepError({ code: "LS2015", message: "plain Node has no lz4 compressor", fix: 'Use "snappy" or "zstd", or run the built program.' });
  }
  const [{ fileWriter, ParquetWriter }, { schemaMessage }] = await Promise.all([import("hyparquet-writer"), import("../../tables/ipc.ts")]);
  const message = arrowSchema && schemaMessage(new Map(columns.map(({ name, column }) => [name, column])));
  const file = new ParquetWriter({
    writer: fileWriter(filename),
    schema: [{ name: "schema", num_children: columns.length }, ...columns.flatMap(({ name, ids, column }) => schemaElements(name, column.type, ids))],
    codec: codecs[compression],
    compressors,
    ...(message && { kvMetadata: [{ key: "ARROW:schema", value: Buffer.from(message).toString("base64") }] }),
    createdBy: "lockstep (plain Node)",
  });
  const columnData = columns.map(({ name, column }) => ({ name, data: rawValues(column, rows), ...(hasNegativeZero(column) && { encoding: "PLAIN" as const }) }));
  file.write({ columnData, rowGroupSize: rowGroupRows });
  for (const name of bloomFilters) {
    const { BloomBuilder } = await import("hyparquet-writer/src/bloom.js");
    const data = columnData.find((one) => one.name === name)!.data;
    const own = file.pendingIndexes.filter(({ chunk }) => chunk.meta_data?.path_in_schema[0] === name);
    for (const [group, index] of own.entries()) {
      // Without its logical type, of which hyparquet-writer has filters for some only. As large as the engine's.
      const filter = new BloomBuilder({ name, type: index.chunk.meta_data!.type }, { fpp: FALSE_POSITIVES, maxBytes: 128 << 20 });
      for (const value of data.slice(group * rowGroupRows, (group + 1) * rowGroupRows)) filter.insert(value);
      const finished = filter.finalize();
      if (finished) index.bloomFilter = finished;
    }
  }
  const leaves = columns.flatMap(({ name, column }) => new Array<string>(leafCount(column.type)).fill(name));
  const sorting = sort.map(({ column, descending, nullsFirst }) => ({ column_idx: leaves.indexOf(column), descending, nulls_first: nullsFirst }));
  if (sorting.length > 0) for (const group of file.row_groups) group.sorting_columns = sorting;
  file.finish();
  if (rows === 0) await typeEmptyList(filename);
}

/**
 * Gives the empty list of row groups the element type it lacks: hyparquet-writer takes the type from the first element,
 * and strict readers, arrow-rs among them, take a list of no type for damage. Behind the list stand only texts without
 * control characters, so the last place with its bytes is the list.
 */
async function typeEmptyList(filename: string): Promise<void> {
  const bytes = await readFile(filename);
  // Compact Thrift: num_rows (an i64) 0, then the list: field + 1 of type 9, size 0 and element type 0.
  const at = bytes.lastIndexOf(Buffer.from([0x16, 0x00, 0x19, 0x00]));
  if (at < 0) return;
  const STRUCT = 0x0c;
  bytes[at + 3] = STRUCT;
  await writeFile(filename, bytes);
}

/** In a dictionary of hyparquet-writer -0 would be 0. */
function hasNegativeZero({ type, values }: Column): boolean {
  if (!holdsFloats(type)) return false;
  const isIt = (value: Stored | undefined): boolean => Object.is(value, -0) || (Array.isArray(value) && value.some(isIt));
  for (let i = 0; i < values.length; i++) if (isIt(values[i])) return true;
  return false;
}

/** How many columns of the file a column is. */
function leafCount(type: ArrowType): number {
  if (type.id === "list") return leafCount(type.of);
  return type.id === "struct" ? type.fields.reduce((sum, field) => sum + leafCount(field.type), 0) : 1;
}

function holdsFloats(type: ArrowType): boolean {
  if (type.id === "list") return holdsFloats(type.of);
  return type.id === "struct" ? type.fields.some((field) => holdsFloats(field.type)) : type.id === "float";
}

/** Stored values as hyparquet-writer takes them for the column's schema element. */
function rawValues({ values, type }: Column, rows: number): unknown[] {
  const raw = rawValue(type);
  return Array.from({ length: rows }, (_, i) => raw(values[i]!));
}

function rawValue(type: ArrowType): (value: Stored) => unknown {
  if (type.id === "list") {
    const raw = rawValue(type.of);
    return (list) => list && (list as Stored[]).map(raw);
  }
  if (type.id === "struct") {
    const record = type.fields.map((field, i) => ({ name: field.name, i, raw: rawValue(field.type) }));
    return (members) => {
      if (members === null) return null;
      const object = Object.create(null) as Record<string, unknown>;
      for (const { name, i, raw } of record) object[name] = raw((members as Stored[])[i]!);
      return object;
    };
  }
  if (type.id === "uuid") return (value) => value && uuidBytes(value as string);
  if (type.id === "time") {
    const unit = parquetUnit(type.unit);
    return (value) => (value === null ? null : timeBits(unit) === 32 ? timeTicks(value as string, unit) : BigInt(timeTicks(value as string, unit)!));
  }
  const wide = (type.id === "int" && type.bits === 64) || type.id === "timestamp" || type.id === "decimal";
  const factor = type.id === "timestamp" && type.unit === "s" ? 1000n : 1n;
  // Wide values are bigints in the writer's hands.
  return (value) => (wide && value !== null ? BigInt(value as number | bigint) * factor : value);
}
