/** A snapshot's manifests → its data files, each with the files that delete rows of it. */
import { LockstepError } from "../../errors/index.ts";
import { readAvro } from "./avro.ts";
import { inParts } from "./files.ts";
import { entryOf, readManifests, type Described, type Entry, type Manifest, type ManifestsAsked } from "./manifest-entries.ts";
import { fieldsIn, schemaOf, specOf, type Field, type Snapshot, type TableMetadata } from "./metadata.ts";
import { bytesOf, openable } from "./paths.ts";

export interface DataFile extends Described {
  /** Indices of the delete files. */
  readonly deletes: readonly number[];
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

/** How a table's files are found: which columns it has, of which of them bounds are wanted, how manifests are read. */
export interface Finding extends Omit<ManifestsAsked, "table" | "manifests" | "added"> {
  readonly read?: ReadManifests | undefined;
}

/** What manifests say, in their order. */
export type ReadManifests = (asked: ManifestsAsked) => Promise<readonly Entry[]>;

/** In the order of the manifests, which is the table's. */
export async function filesOf(metadata: TableMetadata, snapshot: Snapshot, { read = readManifests, ...asked }: Finding): Promise<{ files: DataFile[]; deletes: DeleteFile[] }> {
  const entries = await read({ ...asked, table: partitioned(metadata), manifests: await manifestsOf(snapshot, asked) });
  const deleting = entries.filter(({ content }) => content !== 0);
  const partitions = new Map<string, number[]>();
  const everywhere: number[] = [];
  deleting.forEach(({ content, spec, partition }, index) => {
    // Values deleted by a spec without partitions are deleted of all.
    if (content === 2 && specOf(metadata, spec).length === 0) everywhere.push(index);
    else partitions.set(partition, [...(partitions.get(partition) ?? []), index]);
  });
  const inside = new Set([...(metadata.schemas ?? []), ...(metadata.schema ? [metadata.schema] : [])].flatMap(({ fields }) => fieldsIn(fields).filter((field) => !fields.includes(field)).map(({ id }) => id)));
  const keyed = deleting.find(({ equality }) => equality.some((id) => inside.has(id)));
  if (keyed) throw new LockstepError({ code: "LS2015", message: `${keyed.path} deletes rows by what is in a struct, which is not supported yet` });
  const concerns = (data: Entry) => (index: number): boolean => {
    const { content, sequence, of } = deleting[index]!;
    return content === 2 ? sequence > data.sequence : sequence >= data.sequence && (of === undefined || of === data.path);
  };
  const files = entries.filter(({ content }) => content === 0).map((entry) => ({
    ...described(entry),
    deletes: [...everywhere, ...(partitions.get(entry.partition) ?? [])].filter(concerns(entry)).sort((a, b) => a - b),
  }));
  return { files, deletes: deleting.map(({ path, size, equality, of, rows }) => ({ path, size, equality, of, rows })) };
}

/** The data files that these snapshots have added, in their order; they have deleted nothing. */
export async function filesAddedBy(metadata: TableMetadata, snapshots: readonly Snapshot[], { read = readManifests, ...asked }: Finding): Promise<DataFile[]> {
  const manifests = await inParts(snapshots, async (snapshot) => (await manifestsOf(snapshot, asked)).filter(({ of }) => of === snapshot["snapshot-id"]));
  const entries = await read({ ...asked, table: partitioned(metadata), manifests: manifests.flat(), added: true });
  return entries.filter(({ content }) => content === 0).map((entry) => ({ ...described(entry), deletes: [] }));
}

/** Some of a manifest's files of data, with the bounds of all columns. */
export function dataFilesIn(metadata: TableMetadata, { partition_spec_id: spec }: { readonly partition_spec_id: number }, records: readonly Readonly<Record<string, unknown>>[]): DataFile[] {
  const { fields } = schemaOf(metadata, metadata["current-schema-id"]);
  const asked = { table: metadata, fields, bounded: new Set(fields.map(({ name }) => name)) };
  return records.map((record) => ({ ...described(entryOf(record, { path: "", spec, sequence: 0n }, asked)), deletes: [] }));
}

const described = ({ path, size, constants, partition, rows, bounds, buckets }: Entry): Described => ({ path, size, constants, partition, rows, bounds, buckets });

/** What of a table's metadata says how it is partitioned. */
const partitioned = ({ location, "partition-specs": specs, "partition-spec": spec }: TableMetadata): ManifestsAsked["table"] => ({ location, ...(specs && { "partition-specs": specs }), ...(spec && { "partition-spec": spec }) });

async function manifestsOf(snapshot: Snapshot, { store }: Pick<ManifestsAsked, "store">): Promise<Manifest[]> {
  const list = snapshot["manifest-list"];
  if (list === undefined) return (snapshot.manifests ?? []).map((path) => ({ path, spec: 0, sequence: 0n }));
  const records = await readAvro(list, await bytesOf(openable(list), store));
  return records.map((record) => ({ path: record.manifest_path as string, spec: record.partition_spec_id as number, sequence: (record.sequence_number as bigint | null | undefined) ?? 0n, of: String(record.added_snapshot_id) }));
}
