/** A snapshot's manifests → its data files, each with the files that delete rows of it. */
import { LockstepError } from "../../errors/index.ts";
import { readAvro } from "./avro.ts";
import { fieldsIn, schemaOf, specOf, type Field, type Snapshot, type TableMetadata } from "./metadata.ts";
import { ofTwosComplement } from "./partition.ts";
import { arrowTypeOf } from "./types.ts";

/** Reads a whole file of the table, by the path that its metadata have. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** A value as a column stores it, by its kind: what the engine calls a bound. */
export type Constant = { readonly Boolean: boolean } | { readonly Integer: string } | { readonly Float: number } | { readonly Text: string } | null;

export interface DataFile {
  readonly path: string;
  readonly size: number;
  /** What rows have in columns that the file lacks, by their ids. */
  readonly constants: Readonly<Record<number, Constant>>;
  /** Indices of the delete files. */
  readonly deletes: readonly number[];
  /** What tells its partition from others. */
  readonly partition: string;
  /** Also those that are deleted. */
  readonly rows: number;
  /** Of the columns that were asked for, by their ids. */
  readonly bounds: Readonly<Record<number, Bounds>>;
}

/** No value of the file is outside; null: its manifest does not say. */
export interface Bounds {
  readonly min: Constant;
  readonly max: Constant;
  readonly nulls: number | null;
}

export interface DeleteFile {
  readonly path: string;
  readonly size: number;
  /** Ids of the columns whose values it lists; none: it lists files and positions. */
  readonly equality: readonly number[];
  /** Of positions: the one file whose rows they are, where it is one; as the metadata have it. */
  readonly of: string | undefined;
  /** Rows that it lists. */
  readonly rows: number;
}

interface Entry {
  readonly path: string;
  readonly size: number;
  readonly content: number;
  readonly sequence: bigint;
  readonly spec: number;
  readonly partition: readonly unknown[];
  readonly equality: readonly number[];
  /** Of positions: the one file whose rows they are, where it is one. */
  readonly of: string | undefined;
  /** As the manifest has it. */
  readonly file: Readonly<Record<string, unknown>>;
}

/** In the order of the manifests, which is the table's; with the bounds of the columns in `bounded`. */
export async function filesOf(metadata: TableMetadata, snapshot: Snapshot, fields: readonly Field[], readFile: ReadFile, bounded: ReadonlySet<string>): Promise<{ files: DataFile[]; deletes: DeleteFile[] }> {
  const entries = (await Promise.all((await manifestsOf(snapshot, readFile)).map((manifest) => entriesOf(manifest, readFile)))).flat();
  const deleting = entries.filter(({ content }) => content !== 0);
  const partitions = new Map<string, number[]>();
  const everywhere: number[] = [];
  deleting.forEach((entry, index) => {
    // Values deleted by a spec without partitions are deleted of all.
    if (entry.content === 2 && specOf(metadata, entry.spec).length === 0) everywhere.push(index);
    else partitions.set(partitionOf(entry), [...(partitions.get(partitionOf(entry)) ?? []), index]);
  });
  const inside = new Set([...(metadata.schemas ?? []), ...(metadata.schema ? [metadata.schema] : [])].flatMap(({ fields }) => fieldsIn(fields).filter((field) => !fields.includes(field)).map(({ id }) => id)));
  const keyed = deleting.find(({ equality }) => equality.some((id) => inside.has(id)));
  if (keyed) throw new LockstepError({ code: "LS2015", message: `${keyed.path} deletes rows by what is in a struct, which is not supported yet` });
  const concerns = (data: Entry) => (index: number): boolean => {
    const { content, sequence, of } = deleting[index]!;
    return content === 2 ? sequence > data.sequence : sequence >= data.sequence && (of === undefined || of === data.path);
  };
  const files = entries.filter(({ content }) => content === 0).map((entry) => ({
    ...described(metadata, entry, fields, bounded),
    deletes: [...everywhere, ...(partitions.get(partitionOf(entry)) ?? [])].filter(concerns(entry)).sort((a, b) => a - b),
  }));
  return { files, deletes: deleting.map(({ path, size, equality, of, file }) => ({ path, size, equality, of, rows: Number(file.record_count) })) };
}

const described = (metadata: TableMetadata, entry: Entry, fields: readonly Field[], bounded: ReadonlySet<string>): Omit<DataFile, "deletes"> => ({
  path: entry.path,
  size: entry.size,
  constants: constantsOf(metadata, entry, fields),
  partition: partitionOf(entry),
  rows: Number(entry.file.record_count),
  bounds: Object.fromEntries(fields.filter(({ name }) => bounded.has(name)).map((field) => [field.id, boundsOf(entry, field)])),
});

/** The data files that these snapshots have added, in their order; they have deleted nothing. */
export async function filesAddedBy(metadata: TableMetadata, snapshots: readonly Snapshot[], fields: readonly Field[], readFile: ReadFile, bounded: ReadonlySet<string>): Promise<DataFile[]> {
  const added = snapshots.map(async (snapshot) => {
    const manifests = (await manifestsOf(snapshot, readFile)).filter(({ of }) => of === snapshot["snapshot-id"]);
    const records = await Promise.all(manifests.map(async (manifest) => (await readAvro(manifest.path, await readFile(manifest.path))).filter(({ status }) => status === 1).map((record) => entryOf(record, manifest))));
    return records.flat().filter(({ content }) => content === 0).map((entry) => ({ ...described(metadata, entry, fields, bounded), deletes: [] }));
  });
  return (await Promise.all(added)).flat();
}

/** Some of a manifest's files of data, with the bounds of all columns. */
export function dataFilesIn(metadata: TableMetadata, { partition_spec_id: spec }: { readonly partition_spec_id: number }, records: readonly Readonly<Record<string, unknown>>[]): DataFile[] {
  const { fields } = schemaOf(metadata, metadata["current-schema-id"]);
  const all = new Set(fields.map(({ name }) => name));
  return records.map((record) => ({ ...described(metadata, entryOf(record, { path: "", spec, sequence: 0n }), fields, all), deletes: [] }));
}

const partitionOf = ({ spec, partition }: Entry): string => partitionKey(spec, partition);

/** What tells a partition from others, by its values in a manifest. A column that was widened has longs where it had ints. */
export function partitionKey(spec: number, values: readonly unknown[]): string {
  return JSON.stringify([spec, values], (_, value: unknown) => (typeof value === "bigint" || typeof value === "number" ? `${value}n` : value));
}

interface Manifest {
  readonly path: string;
  readonly spec: number;
  readonly sequence: bigint;
  /** The snapshot that wrote it; of version 1 it may not be said. */
  readonly of?: string;
}

async function manifestsOf(snapshot: Snapshot, readFile: ReadFile): Promise<Manifest[]> {
  const list = snapshot["manifest-list"];
  if (list === undefined) return (snapshot.manifests ?? []).map((path) => ({ path, spec: 0, sequence: 0n }));
  const records = await readAvro(list, await readFile(list));
  return records.map((record) => ({ path: record.manifest_path as string, spec: record.partition_spec_id as number, sequence: (record.sequence_number as bigint | null | undefined) ?? 0n, of: String(record.added_snapshot_id) }));
}

/** Those that are not removed. */
async function entriesOf(manifest: Manifest, readFile: ReadFile): Promise<Entry[]> {
  const records = await readAvro(manifest.path, await readFile(manifest.path));
  return records.filter(({ status }) => status !== 2).map((record) => entryOf(record, manifest));
}

function entryOf(record: Readonly<Record<string, unknown>>, manifest: Manifest): Entry {
  const file = record.data_file as Record<string, unknown>;
  const path = file.file_path as string;
  const format = String(file.file_format).toUpperCase();
  if (format !== "PARQUET") {
    const what = format === "PUFFIN" ? "a deletion vector, which is not supported yet" : `in the format ${format}; tables of Parquet files are supported`;
    throw new LockstepError({ code: "LS2015", message: `${path} is ${what}` });
  }
  return {
    path,
    size: Number(file.file_size_in_bytes),
    content: Number(file.content ?? 0),
    // An added entry has the number of its manifest, which a commit that is tried again writes anew.
    sequence: (record.sequence_number as bigint | null | undefined) ?? manifest.sequence,
    spec: manifest.spec,
    partition: Object.values(file.partition as object),
    // Some writers have them as longs.
    equality: ((file.equality_ids as (number | bigint)[] | null | undefined) ?? []).map(Number),
    of: deletedOf(file),
    file,
  };
}

/** The id that Iceberg reserves for the paths in a file of positions. */
const filePath = 2147483546;

/** The path that all rows of a file of positions name, which its manifest says, or its bounds tell. */
export function deletedOf(file: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof file.referenced_data_file === "string") return file.referenced_data_file;
  if (Number(file.content) !== 1) return undefined;
  const [low, high] = ["lower_bounds", "upper_bounds"].map((bounds) => (file[bounds] as { key: number; value: Buffer }[] | null | undefined)?.find(({ key }) => key === filePath)?.value);
  return low && high && low.equals(high) ? low.toString() : undefined;
}

function boundsOf({ file }: Entry, field: Field): Bounds {
  const found = <T>(of: string): T | undefined => (file[of] as { key: number; value: T }[] | null | undefined)?.find(({ key }) => key === field.id)?.value;
  const bound = (bytes: Buffer | undefined): Constant => (bytes === undefined ? null : boundIn(bytes, field));
  const nulls = found<bigint>("null_value_counts");
  return { min: bound(found<Buffer>("lower_bounds")), max: bound(found<Buffer>("upper_bounds")), nulls: nulls === undefined ? null : Number(nulls) };
}

/** A bound as manifests have it (the table spec, appendix D), maybe of the type that the column had before it was widened. */
function boundIn(bytes: Buffer, field: Field): Constant {
  const type = arrowTypeOf(field);
  const integer = (value: bigint | number): Constant => ({ Integer: String(value) });
  switch (type.id) {
    case "bool":
      return bytes.length === 1 ? { Boolean: bytes[0] !== 0 } : null;
    case "date":
      return bytes.length === 4 ? integer(bytes.readInt32LE()) : null;
    case "int":
      return bytes.length === 4 ? integer(bytes.readInt32LE()) : bytes.length === 8 ? integer(bytes.readBigInt64LE()) : null;
    case "time":
    // A date, before, had four bytes.
    case "timestamp":
      return bytes.length === 8 ? integer(bytes.readBigInt64LE()) : null;
    case "decimal":
      return bytes.length > 0 && bytes.length <= 8 ? integer(ofTwosComplement(bytes)) : null;
    case "float": {
      const value = bytes.length === 4 ? bytes.readFloatLE() : bytes.length === 8 ? bytes.readDoubleLE() : NaN;
      return Number.isFinite(value) ? { Float: value } : null;
    }
    case "string": {
      const text = bytes.toString();
      return Buffer.from(text).equals(bytes) ? { Text: text } : null;
    }
    default:
      return null;
  }
}

/** Values of the partition that are values of a column, and defaults of columns that came later. */
function constantsOf(metadata: TableMetadata, { path, spec, partition }: Entry, fields: readonly Field[]): Record<number, Constant> {
  const constants: Record<number, Constant> = {};
  for (const field of fieldsIn(fields)) {
    if (field["initial-default"] === undefined || field["initial-default"] === null) continue;
    throw new LockstepError({ code: "LS2015", message: `the column "${field.name}" of ${metadata.location} has a default for older rows, which is not supported yet` });
  }
  specOf(metadata, spec).forEach(({ transform, "source-id": source }, index) => {
    const field = fields.find(({ id }) => id === source);
    if (transform === "identity" && field) constants[source] = constantOf(path, field, partition[index]);
  });
  return constants;
}

function constantOf(path: string, field: Field, value: unknown): Constant {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "boolean":
      return { Boolean: value };
    case "string":
      return { Text: value };
    case "bigint":
      return { Integer: String(value) };
    case "number":
      return arrowTypeOf(field).id === "float" ? { Float: value } : { Integer: String(value) };
    default: {
      // A decimal's digits as a big-endian integer.
      if (arrowTypeOf(field).id === "decimal" && value instanceof Uint8Array && value.length <= 8) return { Integer: String(ofTwosComplement(value)) };
      throw new LockstepError({ code: "LS2015", message: `${path} is in a partition of the column "${field.name}" (${printed(field)}), whose value is not supported yet` });
    }
  }
}

const printed = ({ type }: Field): string => (typeof type === "string" ? type : type.type);
