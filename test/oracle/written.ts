/** What a program wrote below its folder: every dataset of it, read by readers that are not ours. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { CompressionType, compressionRegistry, MapRow, tableFromIPC, StructRow, Vector } from "apache-arrow";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema, type SchemaElement, type SchemaTree } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import lz4 from "lz4js";
import { withDuckDb } from "../duckdb.ts";
import { difference, sortedRows } from "./compare.ts";

type Row = Record<string, unknown>;

export interface Written {
  /** Its columns in order: `name: physical type (logical type)` of every column; of CSV the first line. */
  readonly schema: readonly string[];
  readonly rows: readonly Row[];
}

/** The datasets below `folder`, by relative path. A part file of no row counts as nothing but its schema. */
export async function readWritten(folder: string): Promise<Map<string, Written>> {
  const found = new Map<string, Written>();
  if (!existsSync(folder)) return found;
  const visit = async (relative: string): Promise<void> => {
    const entries = readdirSync(join(folder, relative), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (entries.some(({ name }) => name === "metadata")) return void found.set(relative, await readTable(join(folder, relative)));
    const parts = (extension: string) => entries.filter((entry) => entry.isFile() && new RegExp(`${extension}(\\.gz|\\.zst)?$`).test(entry.name)).map(({ name }) => join(folder, relative, name));
    if (parts(".parquet").length > 0) found.set(relative, await readParquet(parts(".parquet")));
    if (parts(".arrow").length > 0) found.set(relative, readArrow(parts(".arrow")));
    if (parts(".jsonl").length > 0) found.set(relative, await readJson(parts(".jsonl")));
    if (parts(".csv").length > 0) found.set(relative, readLines(parts(".csv")));
    for (const entry of entries) if (entry.isDirectory()) await visit(join(relative, entry.name));
  };
  await visit("");
  return found;
}

/**
 * The first difference between what two executions wrote. Where order is observed, which the names `…Ordered` and
 * `…-ordered` of a program or a dataset say, rows must stand in the same order.
 * `untypedNulls`: a column of nothing but nulls may have any type, as plain Node knows none for it. `tolerance` as of `difference`;
 * `read`: as `readWritten`, which may remember what it has read.
 */
export async function writtenDifference(program: string, expected: string, actual: string, { untypedNulls = false, tolerance, read = readWritten }: { untypedNulls?: boolean; tolerance?: number; read?: typeof readWritten } = {}): Promise<string | null> {
  const [right, left] = await Promise.all([read(expected), read(actual)]);
  if ([...right.keys()].join() !== [...left.keys()].join()) return `written: ${[...left.keys()].join(", ")}, not ${[...right.keys()].join(", ")}`;
  for (const [name, { schema, rows }] of right) {
    const other = left.get(name)!;
    const ordered = /ordered$/i.test(program) || name.endsWith("ordered");
    const held = new Set(rows.flatMap((row) => Object.keys(row).filter((column) => row[column] !== null && row[column] !== undefined)));
    const known = (columns: readonly string[]) => (untypedNulls ? columns.map((column) => (held.has(column.split(":")[0]!) ? column : column.split(":")[0]!)) : columns);
    const found =
      difference(known(schema), known(other.schema), `schema of ${name}`) ??
      difference(ordered ? rows : sortedRows(rows), ordered ? other.rows : sortedRows(other.rows), `written ${name}`, tolerance);
    if (found !== null) return found;
  }
  return null;
}

async function readParquet(files: readonly string[]): Promise<Written> {
  let schema: string[] = [];
  const rows: Row[] = [];
  for (const name of files) {
    const file = await asyncBufferFromFile(name);
    const metadata = await parquetMetadataAsync(file);
    schema = parquetSchema(metadata).children.map(columnType);
    for (const row of (await parquetReadObjects({ file, metadata, compressors })) as Row[]) rows.push(row);
  }
  return { schema, rows };
}

compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => zstdDecompressSync(bytes) });
compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => lz4.decompress(bytes) });

function readArrow(files: readonly string[]): Written {
  const tables = files.map((name) => tableFromIPC(readFileSync(name)));
  const schema = tables[0]!.schema.fields.map(({ name, type }) => `${name}: ${String(type)}`);
  // Values of a type without a primitive of its own are views of the table's bytes.
  return { schema, rows: tables.flatMap((table) => table.toArray().map((row: { toJSON(): Row }) => Object.fromEntries(Object.entries(row.toJSON()).map(([name, value]) => [name, plainValue(value)])))) };
}

/** Apache Arrow's values of bytes, lists, maps and structs as those of JavaScript. */
function plainValue(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return String(value);
  if (value instanceof Vector) return Array.from(value as Iterable<unknown>, plainValue);
  if (value instanceof MapRow) return [...value].map(([key, of]) => ({ key: plainValue(key), value: plainValue(of) }));
  if (value instanceof StructRow) return Object.fromEntries([...value].map(([name, member]) => [String(name), plainValue(member)]));
  return value;
}

/** With what is below it: `tags: LIST { list: REPEATED { element: BYTE_ARRAY ({"type":"STRING"}) } }`. */
function columnType({ element, children }: SchemaTree): string {
  if (children.length === 0) return `${element.name}: ${element.type} (${logicalType(element)})`;
  // Whether a struct may be null is, as of values, not asked.
  const kind = element.converted_type ?? (element.repetition_type === "REPEATED" ? "REPEATED" : "STRUCT");
  return `${element.name}: ${kind} { ${children.map(columnType).join(", ")} }`;
}

/** A table of Iceberg: its rows, each with its partition. Avro's own reader takes the manifests apart. */
async function readTable(folder: string): Promise<Written> {
  const newest = readdirSync(join(folder, "metadata")).filter((name) => name.endsWith(".metadata.json")).sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b))).at(-1)!;
  // The list is found by its name: ids have more digits than JSON's numbers.
  const text = readFileSync(join(folder, "metadata", newest), "utf8");
  const metadata = JSON.parse(text) as { schemas: { fields: { id: number; name: string; required: boolean; type: unknown }[] }[]; "partition-specs": unknown; snapshots: { "manifest-list": string }[] };
  const rows: Row[] = [];
  for (const { manifest_path: manifest } of await avroRecords(metadata.snapshots.at(-1)!["manifest-list"])) {
    for (const { status, data_file: file } of await avroRecords(manifest as string)) {
      if (status === 2) continue;
      const { file_path: path, partition, record_count: count } = file as { file_path: string; partition: object; record_count: number };
      const read = await readParquet([path]);
      if (read.rows.length !== count) throw new Error(`${path} has ${read.rows.length} rows, its manifest says ${count}`);
      // Files may have the columns in any order.
      const names = metadata.schemas[0]!.fields.map(({ name }) => name).filter((name) => name in (read.rows[0] ?? {}));
      for (const row of read.rows) rows.push({ ...Object.fromEntries(names.map((name) => [name, row[name]])), " partition": JSON.stringify(partition) });
    }
  }
  const columns = metadata.schemas[0]!.fields.map(({ id, name, required, type }) => `${name}: ${id} ${JSON.stringify(type)} ${required}`);
  return { schema: [...columns, JSON.stringify(metadata["partition-specs"])], rows };
}

async function avroRecords(path: string): Promise<Row[]> {
  const { default: avro } = await import("avsc");
  const long = avro.types.LongType.__with({ fromBuffer: (bytes: Buffer) => Number(bytes.readBigInt64LE()), toBuffer: () => Buffer.alloc(8), fromJSON: Number, toJSON: Number, isValid: (value: unknown) => typeof value === "number", compare: () => 0 });
  const records: Row[] = [];
  const decoder = avro.createFileDecoder(path, { parseHook: (schema: never) => avro.Type.forSchema(schema, { registry: { long } as never }) });
  for await (const record of decoder) records.push(record as Row);
  return records;
}

/** The two spellings of an integer's width are one type. */
function logicalType({ logical_type: logical, converted_type: converted }: SchemaElement): string {
  if (logical?.type === "INTEGER") return `${logical.isSigned ? "" : "U"}INT_${logical.bitWidth}`;
  return (logical === undefined ? converted : JSON.stringify(logical)) ?? "plain";
}

/** With DuckDB. The keys of the first line are the columns; DuckDB's types of them may depend on the rows. */
async function readJson(files: readonly string[]): Promise<Written> {
  const list = files.map((name) => `'${name}'`).join(", ");
  const result = await withDuckDb((connection) => connection.runAndReadAll(`select * from read_json([${list}], format = 'newline_delimited', sample_size = -1, convert_strings_to_integers = false)`));
  const rows = result.getRowObjectsJson() as Row[];
  return { schema: rows.length > 0 ? result.deduplicatedColumnNames() : [], rows };
}

/** Lines as they stand, the header of later parts dropped; the oracle's CSV programs write no line break inside a field. */
function readLines(files: readonly string[]): Written {
  const unpacked = (name: string): Buffer => {
    const bytes = readFileSync(name);
    return name.endsWith(".gz") ? gunzipSync(bytes) : name.endsWith(".zst") ? zstdDecompressSync(bytes) : bytes;
  };
  const parts = files.map((name) => unpacked(name).toString("utf8").split("\n").slice(0, -1));
  const header = parts[0]?.[0] ?? "";
  const lines = parts.flatMap((part) => (part[0] === header ? part.slice(1) : part));
  return { schema: [header], rows: lines.map((line) => ({ line })) };
}
