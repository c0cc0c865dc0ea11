/** Files in a table's folders that none of its snapshots names: what killed jobs and expired snapshots leave. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LockstepError, systemReason } from "../../errors/index.ts";
import { isMetadata } from "../paths.ts";
import { isRemote, parseLocation } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import { openStore } from "../store/store.ts";
import { inParts } from "./files.ts";
import type { TableMetadata } from "./metadata.ts";
import { metadataOf, openable } from "./paths.ts";
import { loaded, placeOf, type PlaceOptions } from "./places.ts";
import { reachedBy } from "./reached.ts";

export interface Orphan {
  readonly path: string;
  readonly size: number;
}

/** Those that were written before a time: younger ones may be of a write that has yet to commit. In order of their paths. LS2001 where there is no table, LS2015 where its manifests are not known. */
export async function orphansOf(table: string, options: PlaceOptions, before: Date): Promise<Orphan[]> {
  const place = await placeOf(table, options);
  const { metadata, store } = await loaded(place);
  const files = (await Promise.all(foldersOf(metadata).map((folder) => filesBelow(folder, store)))).flat();
  // What was committed while the files were listed is named by now.
  const now = await loaded(place);
  const named = await reachedBy(now, now.metadata.snapshots ?? []);
  const old = files.filter(({ path, modified }) => modified < before && !named.has(path) && !isMetadata(path) && !path.endsWith("/version-hint.text"));
  return [...new Map(old.map(({ path, size }) => [path, { path, size }])).values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Where the table's files are. */
export function foldersOf({ location, properties }: TableMetadata): string[] {
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
