/** Files in a table's folders that none of its snapshots names: what killed jobs and expired snapshots leave. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LockstepError, systemReason } from "../../errors/index.ts";
import { isMetadata } from "../paths.ts";
import { isRemote, parseLocation } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import { openStore } from "../store/store.ts";
import { readAvro } from "./avro.ts";
import { inParts } from "./files.ts";
import { readList } from "./manifest-files.ts";
import type { TableMetadata } from "./metadata.ts";
import { bytesOf, metadataOf, openable } from "./paths.ts";
import type { State } from "./place.ts";
import { placeOf, type PlaceOptions } from "./places.ts";

export interface Orphan {
  readonly path: string;
  readonly size: number;
}

/** Those that were written before a time: younger ones may be of a write that has yet to commit. In order of their paths. LS2001 where there is no table, LS2015 where its manifests are not known. */
export async function orphansOf(table: string, options: PlaceOptions, before: Date): Promise<Orphan[]> {
  const place = await placeOf(table, options);
  const load = async (): Promise<State> => {
    const state = await place.load();
    if (state) return state;
    throw new LockstepError({ code: "LS2001", message: `there is no table ${place.name}` });
  };
  const { metadata, store } = await load();
  const files = (await Promise.all(foldersOf(metadata).map((folder) => filesBelow(folder, store)))).flat();
  // What was committed while the files were listed is named by now.
  const named = await namedBy(await load());
  const old = files.filter(({ path, modified }) => modified < before && !named.has(path) && !isMetadata(path) && !path.endsWith("/version-hint.text"));
  return [...new Map(old.map(({ path, size }) => [path, { path, size }])).values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Where the table's files are. */
function foldersOf({ location, properties }: TableMetadata): string[] {
  const below = openable(location).replace(/\/+$/, "");
  const others = ["write.data.path", "write.metadata.path"].flatMap((key) => (properties?.[key] === undefined ? [] : [openable(properties[key]).replace(/\/+$/, "")]));
  return [...new Set([`${below}/data`, metadataOf(below), ...others])];
}

interface Found extends Orphan {
  readonly modified: Date;
}

async function filesBelow(folder: string, options: StoreOptions): Promise<Found[]> {
  if (isRemote(folder)) {
    const location = parseLocation(folder);
    const store = await openStore(location, options);
    return (await store.list(location.key)).flatMap(({ key, size, modified }) => (modified ? [{ path: store.url(key), size, modified }] : []));
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new LockstepError({ code: "LS2001", message: `cannot read ${folder}: ${systemReason(error)}`, cause: error });
  });
  const found = await inParts(entries.filter((entry) => entry.isFile()), async (entry) => {
    const path = join(entry.parentPath, entry.name);
    // One that is gone by now is none.
    const known = await stat(path).catch(() => undefined);
    return known ? [{ path, size: known.size, modified: known.mtime }] : [];
  });
  return found.flat();
}

/** All files that the snapshots of a state name, and those that the metadata do. */
async function namedBy({ metadata, store }: State): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  const name = (path: string): string => {
    named.add(openable(path));
    return openable(path);
  };
  const statistics = metadata as { statistics?: { "statistics-path": string }[]; "partition-statistics"?: { "statistics-path": string }[] };
  for (const { "statistics-path": path } of [...(statistics.statistics ?? []), ...(statistics["partition-statistics"] ?? [])]) name(path);
  const manifests = new Set<string>();
  await inParts(metadata.snapshots ?? [], async ({ "snapshot-id": id, "manifest-list": list }) => {
    if (list === undefined) throw new LockstepError({ code: "LS2015", message: `the snapshot ${id} of ${metadata.location} is of format version 1, without a list of its manifests` });
    for (const { manifest_path: manifest } of await readList(list, await bytesOf(name(list), store))) manifests.add(manifest);
  });
  await inParts([...manifests], async (manifest) => {
    for (const { status, data_file: file } of await readAvro(manifest, await bytesOf(name(manifest), store))) if (status !== 2) name((file as { file_path: string }).file_path);
  });
  return named;
}
