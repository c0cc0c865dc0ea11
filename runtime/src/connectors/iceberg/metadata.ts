/** A table's metadata file: its schemas, partition specs and snapshots. */
import { LockstepError } from "../../errors/index.ts";

/** Ids of snapshots are texts here: they are integers of 64 bits. */
export interface TableMetadata {
  readonly "format-version": number;
  readonly "table-uuid"?: string;
  readonly location: string;
  readonly "last-sequence-number"?: number;
  readonly "last-updated-ms"?: number;
  readonly schemas?: readonly Schema[];
  /** Of version 1. */
  readonly schema?: Schema;
  readonly "current-schema-id"?: number;
  readonly "partition-specs"?: readonly PartitionSpec[];
  readonly "default-spec-id"?: number;
  readonly "sort-orders"?: readonly SortOrder[];
  readonly "default-sort-order-id"?: number;
  /** Of version 1. */
  readonly "partition-spec"?: PartitionSpec["fields"];
  readonly "current-snapshot-id"?: string | null;
  readonly snapshots?: readonly Snapshot[];
  readonly "snapshot-log"?: readonly { readonly "timestamp-ms": number; readonly "snapshot-id": string }[];
  readonly refs?: Readonly<Record<string, Ref>>;
  readonly "metadata-log"?: readonly { readonly "metadata-file": string }[];
  readonly statistics?: readonly Statistics[];
  readonly "partition-statistics"?: readonly Statistics[];
  readonly properties?: Readonly<Record<string, string>>;
}

export interface Schema {
  readonly "schema-id"?: number;
  readonly fields: readonly Field[];
}

export interface Field {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: Type;
  readonly "initial-default"?: unknown;
}

/** A simple type's name, or what a nested type is made of. */
export type Type = string | StructType | ListType | MapType;

export interface StructType {
  readonly type: "struct";
  readonly fields: readonly Field[];
}

export interface ListType {
  readonly type: "list";
  readonly "element-id": number;
  readonly "element-required": boolean;
  readonly element: Type;
}

export interface MapType {
  readonly type: "map";
  readonly "key-id": number;
  readonly key: Type;
  readonly "value-id": number;
  readonly "value-required": boolean;
  readonly value: Type;
}

/** What a type is made of: a struct's members, a list's elements, a map's keys and values. */
export function partsOf(type: Type): readonly Field[] {
  if (typeof type === "string") return [];
  switch (type.type) {
    case "struct":
      return type.fields;
    case "list":
      return [{ id: type["element-id"], name: "element", required: type["element-required"], type: type.element }];
    case "map":
      return [{ id: type["key-id"], name: "key", required: true, type: type.key }, { id: type["value-id"], name: "value", required: type["value-required"], type: type.value }];
  }
}

/** Fields, and all that they are made of. */
export const fieldsIn = (fields: readonly Field[]): Field[] => fields.flatMap((field) => [field, ...fieldsIn(partsOf(field.type))]);

export interface PartitionSpec {
  readonly "spec-id": number;
  readonly fields: readonly PartitionField[];
}

export interface PartitionField {
  readonly "source-id": number;
  readonly "field-id": number;
  readonly name: string;
  /** "identity", "day", "bucket[16]" */
  readonly transform: string;
}

export interface SortOrder {
  /** 0: none. */
  readonly "order-id": number;
  readonly fields: readonly { readonly transform: string; readonly "source-id": number; readonly direction: "asc" | "desc"; readonly "null-order": "nulls-first" | "nulls-last" }[];
}

export interface Snapshot {
  readonly "snapshot-id": string;
  readonly "parent-snapshot-id"?: string;
  readonly "sequence-number"?: number;
  readonly summary?: Readonly<Record<string, string>>;
  readonly "timestamp-ms": number;
  readonly "manifest-list"?: string;
  /** Of version 1, where there is no list of them. */
  readonly manifests?: readonly string[];
  readonly "schema-id"?: number;
}

/** A branch or a tag, and how long it and its snapshots are kept. */
export interface Ref {
  readonly "snapshot-id": string;
  readonly type: "branch" | "tag";
  readonly "min-snapshots-to-keep"?: number;
  readonly "max-snapshot-age-ms"?: number;
  readonly "max-ref-age-ms"?: number;
}

/** A file that says something of a snapshot's rows. */
export interface Statistics {
  readonly "snapshot-id": string;
  readonly "statistics-path": string;
  readonly "file-size-in-bytes"?: number;
}

/** Which state of the table is read; the current one where nothing is said. */
export interface SnapshotOptions {
  /** The id of a snapshot, in digits. */
  readonly snapshot?: string;
  /** The state at this time. */
  readonly asOf?: Date;
  /** A branch or a tag. */
  readonly ref?: string;
  /** The id of a snapshot: of the chosen state only what was added after it. */
  readonly since?: string;
}

/** LS2005: no metadata of a table. LS2015: a version that nobody has told us of. */
export function parseMetadata(name: string, text: string): TableMetadata {
  let metadata: TableMetadata;
  try {
    metadata = JSON.parse(text, (key, value: unknown, context?: { source?: string }) => (typeof value === "number" && key.endsWith("snapshot-id") ? context!.source! : value)) as TableMetadata;
  } catch (error) {
    throw new LockstepError({ code: "LS2005", message: `${name} is damaged or not complete: ${(error as Error).message}`, cause: error });
  }
  const version = metadata?.["format-version"];
  if (typeof version !== "number" || typeof metadata.location !== "string") throw new LockstepError({ code: "LS2005", message: `${name} is no metadata of an Iceberg table` });
  if (version > 3) throw new LockstepError({ code: "LS2015", message: `${name} is of Iceberg's format version ${version}; 1, 2 and 3 are supported` });
  return metadata;
}

/** The snapshot that is read and the schema it is read with; no snapshot where the table never had rows. LS2001 where there is no such one. */
export function selected(table: string, metadata: TableMetadata, { snapshot, asOf, ref }: SnapshotOptions): { snapshot: Snapshot | undefined; schema: Schema } {
  if ([snapshot, asOf, ref].filter((given) => given !== undefined).length > 1) {
    throw new LockstepError({ code: "LS2016", message: "readIceberg takes one of snapshot, asOf and ref" });
  }
  const snapshots = metadata.snapshots ?? [];
  const found = (id: string | null | undefined, what: string): Snapshot => {
    const one = snapshots.find((candidate) => candidate["snapshot-id"] === id);
    if (one) return one;
    const newest = snapshots.slice(-5).map((candidate) => `${candidate["snapshot-id"]} of ${new Date(candidate["timestamp-ms"]).toISOString()}`);
    throw new LockstepError({ code: "LS2001", message: `${table} has no ${what}; its newest snapshots: ${newest.join(", ") || "none"}` });
  };
  // What is read by its own name is seen as it was then; a branch goes on, also in its schema.
  const asThen = (one: Snapshot): { snapshot: Snapshot; schema: Schema } => ({ snapshot: one, schema: schemaOf(metadata, one["schema-id"] ?? metadata["current-schema-id"]) });
  const current = schemaOf(metadata, metadata["current-schema-id"]);
  if (snapshot !== undefined) return asThen(found(snapshot, `snapshot ${snapshot}`));
  if (asOf !== undefined) {
    if (Number.isNaN(asOf.getTime())) throw new LockstepError({ code: "LS2016", message: "readIceberg: asOf is no valid date" });
    const before = (metadata["snapshot-log"] ?? []).filter((entry) => entry["timestamp-ms"] <= asOf.getTime()).at(-1);
    return asThen(found(before?.["snapshot-id"], `snapshot of ${asOf.toISOString()} or before`));
  }
  if (ref !== undefined && ref !== "main") {
    const named = metadata.refs !== undefined && Object.hasOwn(metadata.refs, ref) ? metadata.refs[ref] : undefined;
    if (!named) {
      throw new LockstepError({ code: "LS2001", message: `${table} has no branch or tag "${ref}"; it has ${Object.keys(metadata.refs ?? {}).map((name) => `"${name}"`).join(", ") || "none"}` });
    }
    const one = found(named["snapshot-id"], `snapshot of "${ref}"`);
    return named.type === "tag" ? asThen(one) : { snapshot: one, schema: current };
  }
  const id = metadata["current-snapshot-id"];
  return { snapshot: id === undefined || id === null || id === "-1" ? undefined : found(id, `snapshot ${id}`), schema: current };
}

/**
 * The snapshots behind `since`, up to `last`, that have added rows, the oldest first. LS2001 where it is no ancestor of it, LS2015 where one of them has changed or
 * deleted rows: then what is new is more than rows that came.
 */
export function addingSince(table: string, { snapshots = [] }: TableMetadata, last: Snapshot | undefined, since: string): Snapshot[] {
  const later: Snapshot[] = [];
  for (let at = last; at?.["snapshot-id"] !== since; at = snapshots.find((one) => one["snapshot-id"] === at!["parent-snapshot-id"])) {
    if (!at) {
      throw new LockstepError({
        code: "LS2001",
        message: `${table}: the snapshot ${since} is none of those that led to ${last?.["snapshot-id"] ?? "its state, which has none"}`,
        fix: "It may have expired: read the whole table once, and go on from the snapshot that it is at then.",
      });
    }
    later.unshift(at);
  }
  // A compaction has the same rows in other files.
  const adding = later.filter(({ summary }) => summary?.operation !== "replace");
  const changing = adding.find(({ summary, "manifest-list": list }) => summary?.operation !== "append" || list === undefined);
  if (!changing) return adding;
  const what = `by the snapshot ${changing["snapshot-id"]} (${changing.summary?.operation ?? "of version 1"}); since: gives rows that were added`;
  throw new LockstepError({ code: "LS2015", message: `${table}: rows were changed or deleted since ${since}, ${what}`, fix: "Read the whole table." });
}

/** The snapshot that the table is at; undefined: it never had rows. */
export function currentSnapshot(metadata: TableMetadata): Snapshot | undefined {
  return metadata.snapshots?.find((snapshot) => snapshot["snapshot-id"] === metadata["current-snapshot-id"]);
}

export function schemaOf(metadata: TableMetadata, id: number | undefined): Schema {
  const schema = metadata.schemas?.find((candidate) => candidate["schema-id"] === id) ?? metadata.schema;
  if (schema) return schema;
  throw new LockstepError({ code: "LS2005", message: `the metadata of ${metadata.location} have no schema ${id}` });
}

/** The partition spec with the id. */
export function specOf(metadata: Pick<TableMetadata, "partition-specs" | "partition-spec">, id: number): PartitionSpec["fields"] {
  return metadata["partition-specs"]?.find((candidate) => candidate["spec-id"] === id)?.fields ?? metadata["partition-spec"] ?? [];
}
