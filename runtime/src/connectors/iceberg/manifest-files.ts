/** Manifests and their lists as they are written: the table spec's "Manifests" and "Manifest Lists" of version 2. */
import { LockstepError } from "../../errors/index.ts";
import { bufferOf, readAvro, schemaOf as avroSchemaOf, writeAvro } from "./avro.ts";
import { deletedOf, partitionKey, type Constant } from "./manifest-entries.ts";
import { dataFilesIn, type DataFile } from "./manifests.ts";
import { fieldsIn, schemaOf, specOf, type Field, type PartitionField, type Schema, type TableMetadata } from "./metadata.ts";
import type { Metrics } from "./metrics.ts";
import { ofTwosComplement, resultType, twosComplement } from "./partition.ts";
import { openable } from "./paths.ts";
import { arrowTypeOf } from "./types.ts";

/** A data file to be committed. */
export interface NewFile {
  /** As the table's metadata have it. */
  readonly path: string;
  /** As the spec lists them. */
  readonly partition: readonly Constant[];
  /** The id of the table's order that its rows are in. */
  readonly sortOrder: number;
  readonly metrics: Metrics;
}

/** What a manifest is about. */
export interface ManifestOf {
  readonly schema: Schema;
  readonly specId: number;
  readonly spec: readonly PartitionField[];
}

/** What is added, or removed, by a spec of the table. */
export function manifestOf(metadata: TableMetadata, specId = metadata["default-spec-id"] ?? 0): ManifestOf {
  return { schema: schemaOf(metadata, metadata["current-schema-id"]), specId, spec: specOf(metadata, specId) };
}

/** In place of the number of the snapshot, which each attempt has of its own. */
export const ITS_OWN = -1n;

/** A manifest of added files, and what the list says of it; `sequence`: of rows that were in the table with that snapshot, else as the snapshot's own. The number of its snapshot is inherited: a commit that is tried again writes the list alone. */
export async function addedManifest(path: string, of: ManifestOf, files: readonly NewFile[], snapshot: bigint, sequence: bigint | null): Promise<{ bytes: Uint8Array; listed: Listed }> {
  const types = of.spec.map((field) => resultType(field.transform, sourceOf(field, of.schema)));
  const partition = { type: "record", name: "r102", fields: of.spec.map((field, index) => ({ name: avroName(field.name), type: ["null", avroType(types[index]!, field["field-id"])], default: null, "field-id": field["field-id"] })) };
  const entries = files.map(({ path: file, partition: values, sortOrder, metrics }) => ({
    status: 1, snapshot_id: snapshot, sequence_number: sequence, file_sequence_number: null,
    data_file: {
      content: 0, file_path: file, file_format: "PARQUET",
      partition: Object.fromEntries(of.spec.map((field, index) => [avroName(field.name), avroValue(types[index]!, values[index]!)])),
      record_count: metrics.rows, file_size_in_bytes: BigInt(metrics.size),
      column_sizes: pairs(metrics.sizes), value_counts: pairs(metrics.values), null_value_counts: pairs(metrics.nulls), nan_value_counts: null,
      lower_bounds: bounds(metrics.lower), upper_bounds: bounds(metrics.upper), key_metadata: null, split_offsets: [...metrics.splits],
      equality_ids: null, sort_order_id: sortOrder, referenced_data_file: null,
    },
  }));
  const bytes = await writeAvro(entrySchema(partition), header(of, "data"), entries);
  const rows = files.reduce((sum, { metrics }) => sum + metrics.rows, 0n);
  const partitions = of.spec.map((_, index) => summary(types[index]!, files.map((file) => file.partition[index]!)));
  return { bytes, listed: { ...empty(path, of.specId, bytes.length, 0, snapshot), added_files_count: files.length, added_rows_count: rows, partitions, ...(sequence !== null && { min_sequence_number: sequence }) } };
}

/** What a snapshot takes out. */
export interface Removed {
  readonly files: number;
  readonly deleteFiles: number;
  readonly rows: bigint;
  readonly bytes: bigint;
}

/** Which files of the table a write takes out. */
export interface Replaced {
  readonly all: boolean;
  /** Those of partitions, by `partitionKey`. */
  readonly partitions: ReadonlySet<string>;
  /** Single ones, whose rows that stay are written again: their paths as we open them. */
  readonly files: ReadonlySet<string>;
  /** All rows of single ones stay, and count as being as old: values that are deleted meanwhile are deleted of them. */
  readonly moved: boolean;
  /** Of single files: whether a file that others have added since may hold a row that this write would have changed. */
  readonly concerns: readonly ((files: readonly DataFile[], fields: readonly Field[]) => boolean)[];
}

/** What two writes take out. */
export const both = (a: Replaced, b: Replaced): Replaced => ({
  all: a.all || b.all, partitions: new Set([...a.partitions, ...b.partitions]), files: new Set([...a.files, ...b.files]), moved: a.moved && b.moved, concerns: [...a.concerns, ...b.concerns],
});

export const NOTHING: Replaced = { all: false, partitions: new Set(), files: new Set(), moved: false, concerns: [] };

/** The partition of a new file. */
export function partitionOf(of: ManifestOf, { partition }: NewFile): string {
  return partitionKey(of.specId, of.spec.map((field, index) => avroValue(resultType(field.transform, sourceOf(field, of.schema)), partition[index]!)));
}

/** A manifest as it was read. */
export interface Source {
  readonly listed: Listed;
  readonly bytes: Uint8Array;
}

/** Whether a manifest's own snapshot has changed what is replaced; of one that has the same rows in other files, `moved`, whether these are still there. */
export async function touches({ listed, bytes }: Source, replaced: Replaced, moved: boolean, metadata: TableMetadata): Promise<boolean> {
  if (replaced.all && !moved) return true;
  const changed = (await readAvro(listed.manifest_path, bytes)).filter(({ status }) => status !== 0);
  if (changed.some((entry) => entry.status === 2 && replaced.files.has(pathIn(entry)))) return true;
  if (moved) return false;
  if (changed.some((entry) => replaced.partitions.has(partitionIn(listed, entry)) || (replaced.files.size > 0 && listed.content !== 0 && mayDelete(entry.data_file as Record<string, unknown>, replaced)))) return true;
  const added = replaced.concerns.length > 0 && listed.content === 0 ? dataFilesIn(metadata, listed, changed.filter(({ status }) => status === 1)) : [];
  return replaced.concerns.some((concerns) => concerns(added, schemaOf(metadata, metadata["current-schema-id"]).fields));
}

/** Whether a new delete file may take rows out of single files; which these are nobody has asked. */
function mayDelete(file: Readonly<Record<string, unknown>>, { files, moved }: Replaced): boolean {
  const of = deletedOf(file);
  return Number(file.content) === 2 ? !moved : of === undefined || files.has(openable(of));
}

/** Whether files that are replaced are in the table by a manifest. */
export async function holds({ listed, bytes }: Source, replaced: Replaced): Promise<boolean> {
  return replaced.all || (await readAvro(listed.manifest_path, bytes)).some((entry) => entry.status !== 2 && isReplaced(listed, entry, replaced));
}

const isReplaced = (from: Listed, entry: Record<string, unknown>, { all, partitions, files }: Replaced): boolean =>
  all || (partitions.size > 0 && partitions.has(partitionIn(from, entry))) || (files.size > 0 && files.has(pathIn(entry)));

const pathIn = (entry: Record<string, unknown>): string => openable((entry.data_file as { file_path: string }).file_path);

/** What manifests that can be one have in common. */
export const kindOf = ({ listed, bytes }: Source): string => JSON.stringify([listed.partition_spec_id, listed.content, partitionTypeIn(bytes)]);

const partitionIn = (from: Listed, entry: Record<string, unknown>): string => partitionKey(from.partition_spec_id, Object.values((entry.data_file as { partition: object }).partition));

/** As its writer had it: partitions of types that we do not write stay what they are. */
function partitionTypeIn(bytes: Uint8Array): object {
  const { fields } = avroSchemaOf(bytes) as { fields: { name: string; type: { fields: { name: string; type: object }[] } }[] };
  return fields.find(({ name }) => name === "data_file")!.type.fields.find(({ name }) => name === "partition")!.type;
}

/** One manifest of the files of several of a kind: those that are `replaced` removed by this snapshot, the others as they were. */
export async function mergedManifest(path: string, sources: readonly Source[], of: ManifestOf, snapshot: bigint, replaced: Replaced | undefined): Promise<{ bytes: Uint8Array; listed: Listed; removed: Removed }> {
  const [{ listed: first, bytes: like }] = sources as readonly [Source];
  const partition = partitionTypeIn(like);
  const names = fileFields(partition).map(({ name }) => name);
  const live = (await Promise.all(sources.map(async ({ listed, bytes }) => (await readAvro(listed.manifest_path, bytes)).filter(({ status }) => status !== 2).map((entry) => ({ listed, entry }))))).flat();
  const files = live.map(({ listed, entry }) => {
    const file = entry.data_file as Record<string, unknown>;
    const sequence = (entry.sequence_number as bigint | null | undefined) ?? listed.sequence_number;
    const gone = replaced !== undefined && isReplaced(listed, entry, replaced);
    return { file, sequence, gone, rows: BigInt(file.record_count as bigint), added: entry.snapshot_id ?? listed.added_snapshot_id, fileSequence: entry.file_sequence_number ?? sequence };
  });
  const entries = files.map(({ file, sequence, gone, added, fileSequence }) => ({
    status: gone ? 2 : 0, snapshot_id: gone ? snapshot : added, sequence_number: sequence, file_sequence_number: fileSequence,
    // Some writers have ids of columns as longs.
    data_file: Object.fromEntries(names.map((name) => [name, name === "equality_ids" ? ((file[name] as (number | bigint)[] | null | undefined)?.map(Number) ?? null) : (file[name] ?? (name === "content" ? 0 : null))])),
  }));
  const bytes = await writeAvro(entrySchema(partition), header(of, first.content === 1 ? "deletes" : "data"), entries);
  const [gone, kept] = [files.filter((one) => one.gone), files.filter((one) => !one.gone)];
  const sum = (list: typeof files, of_: (one: (typeof files)[number]) => bigint): bigint => list.reduce((total, one) => total + of_(one), 0n);
  const isData = first.content === 0;
  const removed = {
    files: isData ? gone.length : 0, deleteFiles: isData ? 0 : gone.length, rows: isData ? sum(gone, ({ rows }) => rows) : 0n, bytes: sum(gone, ({ file }) => BigInt(file.file_size_in_bytes as bigint)),
  };
  const listed = {
    ...empty(path, first.partition_spec_id, bytes.length, first.content, snapshot), partitions: united(of, sources.map((source) => source.listed.partitions)),
    deleted_files_count: gone.length, deleted_rows_count: sum(gone, ({ rows }) => rows), existing_files_count: kept.length, existing_rows_count: sum(kept, ({ rows }) => rows),
    min_sequence_number: kept.reduce((least, { sequence }) => (sequence < least ? sequence : least), kept[0]?.sequence ?? ITS_OWN),
  };
  return { bytes, listed, removed };
}

/** Which values of a field of the spec the files of a manifest have. */
export interface PartitionSummary {
  readonly contains_null: boolean;
  readonly contains_nan: boolean | null;
  readonly lower_bound: Uint8Array | null;
  readonly upper_bound: Uint8Array | null;
}

/** A manifest in a snapshot's list. */
export interface Listed {
  readonly manifest_path: string;
  readonly manifest_length: bigint;
  readonly partition_spec_id: number;
  readonly content: number;
  readonly sequence_number: bigint;
  readonly min_sequence_number: bigint;
  readonly added_snapshot_id: bigint;
  readonly added_files_count: number;
  readonly existing_files_count: number;
  readonly deleted_files_count: number;
  readonly added_rows_count: bigint;
  readonly existing_rows_count: bigint;
  readonly deleted_rows_count: bigint;
  readonly partitions: readonly PartitionSummary[] | null;
  readonly key_metadata: Uint8Array | null;
}

const empty = (path: string, spec: number, length: number, content: number, snapshot: bigint): Listed => ({
  manifest_path: path, manifest_length: BigInt(length), partition_spec_id: spec, content, sequence_number: ITS_OWN, min_sequence_number: ITS_OWN, added_snapshot_id: snapshot,
  added_files_count: 0, existing_files_count: 0, deleted_files_count: 0, added_rows_count: 0n, existing_rows_count: 0n, deleted_rows_count: 0n, partitions: null, key_metadata: null,
});

/** The list of a snapshot. LS2015 where an old writer did not count what is in its manifests. */
export async function readList(path: string, bytes: Uint8Array): Promise<Listed[]> {
  const names = Object.keys(empty("", 0, 0, 0, 0n)) as (keyof Listed)[];
  return (await readAvro(path, bytes)).map((record) => {
    // Before version 2 the counts were called otherwise.
    const value = (name: keyof Listed): unknown => record[name] ?? record[name.replace(/^(added|existing|deleted)_files_/, "$1_data_files_")];
    const absent: Partial<Record<keyof Listed, unknown>> = { content: 0, sequence_number: 0n, min_sequence_number: 0n, partitions: null, key_metadata: null };
    return Object.fromEntries(names.map((name) => {
      const found = value(name) ?? absent[name];
      if (found === undefined) throw new LockstepError({ code: "LS2015", message: `${path} says of a manifest no ${name}; rewrite the table's manifests with the engine that wrote them` });
      return [name, found];
    })) as unknown as Listed;
  });
}

export function writeList(listed: readonly Listed[], snapshot: bigint, parent: string | undefined, sequence: number): Promise<Uint8Array> {
  const metadata = { "snapshot-id": String(snapshot), "parent-snapshot-id": parent ?? "null", "sequence-number": String(sequence), "format-version": "2" };
  return writeAvro(listSchema, metadata, listed);
}

const header = ({ schema, specId, spec }: ManifestOf, content: "data" | "deletes"): Record<string, string> => ({
  schema: JSON.stringify(schema), "schema-id": String(schema["schema-id"] ?? 0), "partition-spec": JSON.stringify(spec), "partition-spec-id": String(specId), "format-version": "2", content,
});

const sourceOf = (field: PartitionField, { fields }: Schema): Field => {
  const source = fieldsIn(fields).find(({ id }) => id === field["source-id"]);
  if (source) return source;
  throw new LockstepError({ code: "LS2015", message: `the table is partitioned by ${field.name}, whose column is gone` });
};

/** Names of Avro are letters, digits and "_". */
export const avroName = (name: string): string => name.replace(/^\d/, "_$&").replace(/[^A-Za-z0-9_]/g, (sign) => `_x${sign.codePointAt(0)!.toString(16).toUpperCase()}`);

const maybe = (type: unknown): unknown[] => ["null", type];
const field = (name: string, type: unknown, id: number): { name: string; type: unknown; "field-id": number; default?: null } => ({ name, type, ...(Array.isArray(type) && { default: null }), "field-id": id });
const map = (key: number, value: number, type: string): object => ({
  type: "array", logicalType: "map", items: { type: "record", name: `k${key}_v${value}`, fields: [field("key", "int", key), field("value", type, value)] },
});

const fileFields = (partition: object) => [
  field("content", "int", 134), field("file_path", "string", 100), field("file_format", "string", 101), field("partition", partition, 102),
  field("record_count", "long", 103), field("file_size_in_bytes", "long", 104),
  field("column_sizes", maybe(map(117, 118, "long")), 108), field("value_counts", maybe(map(119, 120, "long")), 109),
  field("null_value_counts", maybe(map(121, 122, "long")), 110), field("nan_value_counts", maybe(map(138, 139, "long")), 137),
  field("lower_bounds", maybe(map(126, 127, "bytes")), 125), field("upper_bounds", maybe(map(129, 130, "bytes")), 128),
  field("key_metadata", maybe("bytes"), 131), field("split_offsets", maybe({ type: "array", items: "long", "element-id": 133 }), 132),
  field("equality_ids", maybe({ type: "array", items: "int", "element-id": 136 }), 135), field("sort_order_id", maybe("int"), 140),
  field("referenced_data_file", maybe("string"), 143),
];

const entrySchema = (partition: object): object => ({
  type: "record", name: "manifest_entry",
  fields: [
    field("status", "int", 0), field("snapshot_id", maybe("long"), 1), field("sequence_number", maybe("long"), 3), field("file_sequence_number", maybe("long"), 4),
    field("data_file", { type: "record", name: "r2", fields: fileFields(partition) }, 2),
  ],
});

const listSchema = {
  type: "record", name: "manifest_file",
  fields: [
    field("manifest_path", "string", 500), field("manifest_length", "long", 501), field("partition_spec_id", "int", 502), field("content", "int", 517),
    field("sequence_number", "long", 515), field("min_sequence_number", "long", 516), field("added_snapshot_id", "long", 503),
    field("added_files_count", "int", 504), field("existing_files_count", "int", 505), field("deleted_files_count", "int", 506),
    field("added_rows_count", "long", 512), field("existing_rows_count", "long", 513), field("deleted_rows_count", "long", 514),
    field("partitions", maybe({
      type: "array", "element-id": 508,
      items: { type: "record", name: "r508", fields: [field("contains_null", "boolean", 509), field("contains_nan", maybe("boolean"), 518), field("lower_bound", maybe("bytes"), 510), field("upper_bound", maybe("bytes"), 511)] },
    }), 507),
    field("key_metadata", maybe("bytes"), 519),
  ],
};

function pairs<T>(values: ReadonlyMap<number, T>): { key: number; value: T }[] {
  return [...values].map(([key, value]) => ({ key, value }));
}

const bounds = (values: ReadonlyMap<number, Uint8Array>): { key: number; value: Buffer }[] => pairs(values).map(({ key, value }) => ({ key, value: bufferOf(value) }));

/** Bytes that the unscaled value of a decimal of so many digits takes. */
const widthOf = (precision: number): number => twosComplement(10n ** BigInt(precision) - 1n).length;

function avroType(type: string, id: number): unknown {
  const of = arrowTypeOf({ type });
  if (of.id === "decimal") return { type: "fixed", name: `decimal_${id}`, size: widthOf(of.precision), logicalType: "decimal", precision: of.precision, scale: of.scale };
  const simple: Readonly<Record<string, unknown>> = {
    boolean: "boolean", int: "int", long: "long", string: "string", date: { type: "int", logicalType: "date" },
    timestamp: { type: "long", logicalType: "timestamp-micros", "adjust-to-utc": false }, timestamptz: { type: "long", logicalType: "timestamp-micros", "adjust-to-utc": true },
  };
  return simple[type];
}

function avroValue(type: string, value: Constant): unknown {
  if (value === null) return null;
  if ("Boolean" in value) return value.Boolean;
  if ("Text" in value) return value.Text;
  const whole = BigInt("Integer" in value ? value.Integer : value.Float);
  if (type === "int" || type === "date") return Number(whole);
  const of = arrowTypeOf({ type });
  if (of.id !== "decimal") return whole;
  const bytes = twosComplement(whole);
  return Buffer.concat([Buffer.alloc(widthOf(of.precision) - bytes.length, whole < 0n ? 255 : 0), bytes]);
}

/** Which values the files' partitions have. */
function summary(type: string, values: readonly Constant[]): PartitionSummary {
  const known = values.filter((value) => value !== null).map((value) => single(type, value));
  return { contains_null: known.length < values.length, contains_nan: false, lower_bound: extreme(type, known, -1), upper_bound: extreme(type, known, 1) };
}

/** What several manifests say together; null where one says nothing. */
function united(of: ManifestOf, all: readonly Listed["partitions"][]): Listed["partitions"] {
  if (all.includes(null)) return null;
  const summaries = all as readonly (readonly PartitionSummary[])[];
  return of.spec.map((field, index) => {
    const own = summaries.map((one) => one[index]!);
    // Of what is not written here the order is not known.
    const type = fieldsIn(of.schema.fields).some(({ id }) => id === field["source-id"]) ? typeOfValues(field, of.schema) : undefined;
    const bound = (which: "lower_bound" | "upper_bound", sign: 1 | -1): Uint8Array | null => (type === undefined ? null : extreme(type, own.map((one) => one[which]).filter((one) => one !== null), sign));
    const nan = own.some((one) => one.contains_nan !== false) ? (own.some((one) => one.contains_nan) ? true : null) : false;
    return { contains_null: own.some((one) => one.contains_null), contains_nan: nan, lower_bound: bound("lower_bound", -1), upper_bound: bound("upper_bound", 1) };
  });
}

function typeOfValues(field: PartitionField, schema: Schema): string | undefined {
  try {
    return resultType(field.transform, sourceOf(field, schema));
  } catch {
    return undefined;
  }
}

/** The least (-1) or greatest of single values. */
function extreme(type: string, values: readonly Uint8Array[], sign: 1 | -1): Uint8Array | null {
  const number = (bytes: Buffer): bigint => (type.startsWith("decimal") ? ofTwosComplement(bytes) : bytes.length === 4 ? BigInt(bytes.readInt32LE()) : bytes.readBigInt64LE());
  const compared = (a: Buffer, b: Buffer): number => (type === "string" || type === "boolean" ? a.compare(b) : Number(number(a) > number(b)) - Number(number(a) < number(b)));
  return values.map(bufferOf).reduce<Buffer | null>((best, value) => (best === null || compared(value, best) * sign > 0 ? value : best), null);
}

/** Appendix D, "Single-value serialization". */
function single(type: string, value: NonNullable<Constant>): Uint8Array {
  if ("Boolean" in value) return Buffer.from([value.Boolean ? 1 : 0]);
  if ("Text" in value) return Buffer.from(value.Text);
  const whole = BigInt("Integer" in value ? value.Integer : value.Float);
  if (type.startsWith("decimal")) return twosComplement(whole);
  const bytes = Buffer.alloc(type === "int" || type === "date" ? 4 : 8);
  if (bytes.length === 4) bytes.writeInt32LE(Number(whole));
  else bytes.writeBigInt64LE(whole);
  return bytes;
}
