/** Manifests → what their entries say of files: plain data, which travels between ranks. */
import { LockstepError } from "../../errors/index.ts";
import type { StoreOptions } from "../store/options.ts";
import { readAvro } from "./avro.ts";
import { inParts } from "./files.ts";
import { fieldsIn, specOf, type Field, type TableMetadata } from "./metadata.ts";
import { ofTwosComplement } from "./partition.ts";
import { bytesOf, openable } from "./paths.ts";
import { arrowTypeOf } from "./types.ts";

/** A value as a column stores it, by its kind: what the engine calls a bound. */
export type Constant = { readonly Boolean: boolean } | { readonly Integer: string } | { readonly Float: string } | { readonly Text: string } | null;

/** No value of the file is outside; null: its manifest does not say. */
export interface Bounds {
  readonly min: Constant;
  readonly max: Constant;
  readonly nulls: number | null;
}

/** In which of so many buckets all values of a column are, by its partition; null: there are none. */
interface Bucket {
  readonly of: number;
  readonly bucket: number | null;
}

/** What a manifest says of a file. */
export interface Described {
  readonly path: string;
  readonly size: number;
  /** What rows have in columns that the file lacks, by their ids. */
  readonly constants: Readonly<Record<number, Constant>>;
  /** What tells its partition from others. */
  readonly partition: string;
  /** Also those that are deleted. */
  readonly rows: number;
  /** Of the columns that were asked for, by their ids. */
  readonly bounds: Readonly<Record<number, Bounds>>;
  /** Of those of them that its partition has in buckets. */
  readonly buckets: Readonly<Record<number, readonly Bucket[]>>;
}

export interface Entry extends Described {
  /** 0: rows; 1: deleted positions; 2: deleted values. */
  readonly content: number;
  readonly sequence: bigint;
  readonly spec: number;
  readonly equality: readonly number[];
  /** Of positions: the one file whose rows they are, where it is one. */
  readonly of: string | undefined;
}

export interface Manifest {
  readonly path: string;
  readonly spec: number;
  readonly sequence: bigint;
  /** The snapshot that wrote it; of version 1 it may not be said. */
  readonly of?: string;
}

/** What is asked of manifests. */
export interface ManifestsAsked {
  readonly table: Pick<TableMetadata, "location" | "partition-specs" | "partition-spec">;
  readonly manifests: readonly Manifest[];
  readonly fields: readonly Field[];
  /** Columns whose bounds are wanted. */
  readonly bounded: ReadonlySet<string>;
  /** Entries that came with their manifest, and no others. */
  readonly added?: true;
  readonly store: StoreOptions;
}

/** Those that are not removed, in the order of the manifests; the error of the first that cannot be read. LS2001, LS2005, LS2015, LS2020, LS2021 */
export async function readManifests(asked: ManifestsAsked): Promise<Entry[]> {
  const of = async (manifest: Manifest): Promise<Entry[]> => {
    const records = await readAvro(manifest.path, await bytesOf(openable(manifest.path), asked.store));
    return records.filter(({ status }) => (asked.added ? status === 1 : status !== 2)).map((record) => entryOf(record, manifest, asked));
  };
  return (await inParts(asked.manifests, of)).flat();
}

/** What tells a partition from others, by its values in a manifest. A column that was widened has longs where it had ints. */
export function partitionKey(spec: number, values: readonly unknown[]): string {
  return JSON.stringify([spec, values], (_, value: unknown) => (typeof value === "bigint" || typeof value === "number" ? `${value}n` : value));
}

export function entryOf(record: Readonly<Record<string, unknown>>, manifest: Manifest, { table, fields, bounded }: Pick<ManifestsAsked, "table" | "fields" | "bounded">): Entry {
  const file = record.data_file as Record<string, unknown>;
  const path = file.file_path as string;
  const format = String(file.file_format).toUpperCase();
  if (format !== "PARQUET") {
    const what = format === "PUFFIN" ? "a deletion vector, which is not supported yet" : `in the format ${format}; tables of Parquet files are supported`;
    throw new LockstepError({ code: "LS2015", message: `${path} is ${what}` });
  }
  const content = Number(file.content ?? 0);
  const partition = Object.values(file.partition as object);
  const asked = content === 0 ? fields.filter(({ name }) => bounded.has(name)) : [];
  return {
    path,
    size: Number(file.file_size_in_bytes),
    content,
    // An added entry has the number of its manifest, which a commit that is tried again writes anew.
    sequence: (record.sequence_number as bigint | null | undefined) ?? manifest.sequence,
    spec: manifest.spec,
    partition: partitionKey(manifest.spec, partition),
    // Some writers have them as longs.
    equality: ((file.equality_ids as (number | bigint)[] | null | undefined) ?? []).map(Number),
    of: deletedOf(file),
    rows: Number(file.record_count),
    constants: content === 0 ? constantsOf(table, path, manifest.spec, partition, fields) : {},
    bounds: Object.fromEntries(asked.map((field) => [field.id, boundsOf(file, field)])),
    buckets: bucketsOf(table, manifest.spec, partition, asked),
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

function boundsOf(file: Readonly<Record<string, unknown>>, field: Field): Bounds {
  const found = <T>(of: string): T | undefined => (file[of] as { key: number; value: T }[] | null | undefined)?.find(({ key }) => key === field.id)?.value;
  const bound = (bytes: Buffer | undefined): Constant => (bytes === undefined ? null : boundIn(bytes, field));
  const nulls = found<bigint>("null_value_counts");
  return { min: bound(found<Buffer>("lower_bounds")), max: bound(found<Buffer>("upper_bounds")), nulls: nulls === undefined ? null : Number(nulls) };
}

/** As the engine reads it: its parser of JSON is off by the last bit of some numbers. */
const digitsOf = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

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
      return Number.isFinite(value) ? { Float: digitsOf(value) } : null;
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
function constantsOf(table: ManifestsAsked["table"], path: string, spec: number, partition: readonly unknown[], fields: readonly Field[]): Record<number, Constant> {
  const constants: Record<number, Constant> = {};
  for (const field of fieldsIn(fields)) {
    if (field["initial-default"] === undefined || field["initial-default"] === null) continue;
    throw new LockstepError({ code: "LS2015", message: `the column "${field.name}" of ${table.location} has a default for older rows, which is not supported yet` });
  }
  specOf(table, spec).forEach(({ transform, "source-id": source }, index) => {
    const field = fields.find(({ id }) => id === source);
    if (transform === "identity" && field) constants[source] = constantOf(path, field, partition[index]);
  });
  return constants;
}

function bucketsOf(table: ManifestsAsked["table"], spec: number, partition: readonly unknown[], fields: readonly Field[]): Record<number, Bucket[]> {
  const buckets: Record<number, Bucket[]> = {};
  specOf(table, spec).forEach(({ transform, "source-id": source }, index) => {
    const of = /^bucket\[(\d+)\]$/.exec(transform)?.[1];
    if (of === undefined || !fields.some(({ id }) => id === source)) return;
    const bucket = partition[index];
    (buckets[source] ??= []).push({ of: Number(of), bucket: typeof bucket === "number" || typeof bucket === "bigint" ? Number(bucket) : null });
  });
  return buckets;
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
      return arrowTypeOf(field).id === "float" ? { Float: digitsOf(value) } : { Integer: String(value) };
    default: {
      // A decimal's digits as a big-endian integer.
      if (arrowTypeOf(field).id === "decimal" && value instanceof Uint8Array && value.length > 0) return { Integer: String(ofTwosComplement(value)) };
      throw new LockstepError({ code: "LS2015", message: `${path} is in a partition of the column "${field.name}" (${printed(field)}), whose value is not supported yet` });
    }
  }
}

const printed = ({ type }: Field): string => (typeof type === "string" ? type : type.type);
