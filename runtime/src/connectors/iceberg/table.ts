/** A table as it is read: one snapshot's columns and files. */
import { LockstepError } from "../../errors/index.ts";
import { isMetadata, localPath } from "../paths.ts";
import { isRemote } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions, Loaded } from "./catalog.ts";
import { filesAddedBy, filesOf, type DataFile, type DeleteFile, type ReadManifests } from "./manifests.ts";
import { addingSince, parseMetadata, selected, type Field, type SnapshotOptions, type TableMetadata } from "./metadata.ts";
import { bytesOf, newestMetadata, openable } from "./paths.ts";
import { lastRead, noteRead, type ReadSnapshots } from "./places.ts";

/** Of `since`: what the job's last commit has read. */
const LAST = "last-success";

export interface TableOptions extends SnapshotOptions {
  /** The table that the rows go into: its snapshots say what was read for them. */
  readonly into?: string;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** The catalog whose table it is. */
  readonly catalog?: CatalogOptions;
  /** Columns whose bounds in the files are asked for. */
  readonly bounded?: ReadonlySet<string>;
  /** How manifests are read: by the ranks together, where there are some. */
  readonly readManifests?: ReadManifests;
}

export interface IcebergTable {
  /** As messages call it. */
  readonly name: string;
  readonly fields: readonly Field[];
  /** Names of a field in files without ids; undefined where the table says nothing of such files. */
  readonly names: ((id: number) => readonly string[]) | undefined;
  /** In table order; paths as we open them. */
  readonly files: readonly DataFile[];
  readonly deletes: readonly DeleteFile[];
  /** The snapshot's id; undefined where the table never had rows. */
  readonly snapshot: string | undefined;
  readonly uuid: string;
  readonly store: StoreOptions;
}

/**
 * A table by its folder or one of its metadata files, or by its name in a catalog.
 * LS2001 where it, or the snapshot, is not there; LS2005 damaged metadata; LS2015 what we do not read yet.
 */
export async function openTable(table: string | URL, options: TableOptions): Promise<IcebergTable> {
  if (options.since === LAST && options.into === undefined) throw new LockstepError({ code: "LS2016", message: 'readIceberg: since: "last-success" needs into, the table that the rows go into' });
  const { name, path, store } = await located(table, options);
  return tableIn(name, parseMetadata(path, new TextDecoder().decode(await bytesOf(path, store))), store, options);
}

/** The table by its metadata. */
export async function tableIn(name: string, metadata: TableMetadata, store: StoreOptions, options: TableOptions): Promise<IcebergTable> {
  const { snapshot, schema } = selected(name, metadata, options);
  const { bounded = new Set(), into, readManifests } = options;
  const finding = { fields: schema.fields, bounded, store, read: readManifests };
  const since = options.since === LAST ? await lastRead(name, metadata["table-uuid"] ?? name, into!, options) : options.since;
  const added = since === undefined ? undefined : { files: await filesAddedBy(metadata, addingSince(name, metadata, snapshot, since), finding), deletes: [] };
  const { files, deletes } = added ?? (snapshot ? await filesOf(metadata, snapshot, finding) : { files: [], deletes: [] });
  const opened = <T extends { readonly path: string }>(file: T): T => ({ ...file, path: openable(file.path) });
  return { name, fields: schema.fields, names: namesOf(metadata), files: files.map(opened), deletes: deletes.map(opened), snapshot: snapshot?.["snapshot-id"], uuid: metadata["table-uuid"] ?? name, store };
}

/** Takes note, for the commit of what they go into, of the snapshot up to which rows were read. */
export function noteSource({ uuid, snapshot }: IcebergTable, { into, ...options }: TableOptions, among?: Map<string, ReadSnapshots>): void {
  if (into !== undefined && snapshot !== undefined) noteRead(into, options, { [uuid]: snapshot }, among);
}

/** The newest metadata file, and what messages call the table. */
async function located(table: string | URL, { catalog, store = {} }: TableOptions): Promise<Loaded> {
  if (catalog) {
    const loaded = await (await import("./catalog.ts")).loadTable(String(table), catalog, store);
    return { ...loaded, path: openable(loaded.path), store: { ...loaded.store, ...store } };
  }
  const name = isRemote(table) ? String(table) : localPath(table);
  return { name, path: isMetadata(name) ? name : await newestMetadata(name, store), store };
}

interface Mapped {
  readonly "field-id"?: number;
  readonly names?: readonly string[];
  readonly fields?: readonly Mapped[];
}

function namesOf({ properties, location }: TableMetadata): IcebergTable["names"] {
  const text = properties?.["schema.name-mapping.default"];
  if (text === undefined) return undefined;
  let mapping: readonly Mapped[];
  try {
    mapping = JSON.parse(text) as readonly Mapped[];
  } catch (error) {
    throw new LockstepError({ code: "LS2005", message: `the name mapping of ${location} is damaged: ${(error as Error).message}`, cause: error });
  }
  const all = (mapped: readonly Mapped[]): Mapped[] => mapped.flatMap((one) => [one, ...all(one.fields ?? [])]);
  const names = new Map(all(mapping).map((one) => [one["field-id"], one.names ?? []]));
  return (id) => names.get(id) ?? [];
}
