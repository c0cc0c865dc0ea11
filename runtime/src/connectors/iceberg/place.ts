/** Where a table that is written stands: who decides which of its states is the newest, and takes the next one if nobody else's came first. */
import { LockstepError } from "../../errors/index.ts";
import type { StoreOptions } from "../store/options.ts";
import { fieldsIn, type PartitionField, type Schema, type SortOrder, type TableMetadata } from "./metadata.ts";

export interface TablePlace {
  /** As messages call it. */
  readonly name: string;
  /** The newest state; undefined: there is no such table. */
  load(): Promise<State | undefined>;
  /** What a new table would be, with nothing of it there yet. LS2007 where something else is in its place. */
  begin(schema: Schema, spec: readonly PartitionField[], order: SortOrder, properties: Readonly<Record<string, string>>): Promise<State>;
  /** True: committed. False: refused, because the state is no longer `from`. After {@link Refused} the table is as it was; of other errors that is not known. */
  commit(from: State, update: Update): Promise<boolean>;
}

/** What becomes of a state. */
export interface Update {
  /** The next state of the branch "main". */
  readonly snapshot?: NewSnapshot;
  /** Ids of snapshots, names of branches and tags. */
  readonly removed?: { readonly snapshots: readonly string[]; readonly refs: readonly string[] };
}

/** An error after which the table is surely as it was. */
export class Refused extends LockstepError {}

/** A state of the table. */
export interface State {
  readonly metadata: TableMetadata;
  /** Its metadata file, as it is named where the metadata are; undefined: the table is yet to be made. */
  readonly path: string | undefined;
  /** Of the metadata file. */
  readonly text: string;
  readonly store: StoreOptions;
}

/** Ids in digits. */
export interface NewSnapshot {
  readonly "snapshot-id": string;
  readonly "parent-snapshot-id"?: string;
  readonly "sequence-number": number;
  readonly "timestamp-ms": number;
  readonly "manifest-list": string;
  readonly summary: Readonly<Record<string, string>>;
  readonly "schema-id": number;
}

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON that keeps numbers as they are written, digits past 2^53 among them. */
export function parseExactly(text: string): Record<string, unknown> {
  return JSON.parse(text, (_, value: unknown, context?: { source?: string }) => (typeof value === "number" && String(value) !== context!.source ? rawJSON(context!.source!) : value)) as Record<string, unknown>;
}

/** An id in digits as JSON has it. */
export const idJson = (digits: string): unknown => rawJSON(digits);

export function snapshotJson({ "snapshot-id": id, "parent-snapshot-id": parent, ...snapshot }: NewSnapshot): object {
  return { "snapshot-id": idJson(id), ...(parent !== undefined && { "parent-snapshot-id": idJson(parent) }), ...snapshot };
}

/** The metadata of a table without rows, of version 2. */
export function emptyMetadata(location: string, schema: Schema, spec: readonly PartitionField[], order: SortOrder, properties: Readonly<Record<string, string>>, uuid: string): object {
  return {
    "format-version": 2, "table-uuid": uuid, location, "last-sequence-number": 0, "last-updated-ms": Date.now(), "last-column-id": Math.max(...fieldsIn(schema.fields).map(({ id }) => id)),
    "current-schema-id": 0, schemas: [schema], "default-spec-id": 0, "partition-specs": [{ "spec-id": 0, fields: spec }], "last-partition-id": Math.max(999, ...spec.map((field) => field["field-id"])),
    "default-sort-order-id": order["order-id"], "sort-orders": [order], properties, "current-snapshot-id": -1, refs: {}, snapshots: [], statistics: [], "snapshot-log": [], "metadata-log": [],
  };
}
