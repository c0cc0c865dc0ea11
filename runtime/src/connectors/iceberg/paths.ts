/** Where the files of a table are, and what is in them. */
import { readdir, readFile, stat } from "node:fs/promises";
import { posix } from "node:path";
import { LockstepError, systemReason } from "../../errors/index.ts";
import { isMetadata } from "../paths.ts";
import { isRemote, parseLocation } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import { openStore } from "../store/store.ts";
import type { TableMetadata } from "./metadata.ts";

/** A path of the metadata as we open it; the same is in `native-rs/crates/connectors/src/iceberg/deletes.rs`. */
export function openable(path: string): string {
  return path.replace(/^file:\/*/, "/").replace(/^s3[an]:/, "s3:");
}

/** LS2001 where there is none, LS2020 and LS2021 where the store refuses it. */
export async function bytesOf(path: string, store: StoreOptions | undefined): Promise<Uint8Array> {
  const found = await orNothing(path, store);
  if (found) return found;
  throw new LockstepError({ code: "LS2001", message: `${path} does not exist` });
}

async function orNothing(path: string, store: StoreOptions | undefined): Promise<Uint8Array | undefined> {
  if (isRemote(path)) {
    const location = parseLocation(path);
    return (await (await openStore(location, store)).get(location.key))?.bytes;
  }
  try {
    return await readFile(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw new LockstepError({ code: "LS2001", message: `cannot read ${path}: ${systemReason(error as NodeJS.ErrnoException)}`, cause: error });
  }
}

/**
 * The newest metadata file of a table's folder: the highest number, as catalogs of a file system count, or what `version-hint.text`
 * names where they do not. LS2001 where there is none, or more than one of that number.
 */
export async function newestMetadata(table: string, store: StoreOptions | undefined): Promise<string> {
  const newest = await findMetadata(table, store);
  if (newest !== undefined) return newest;
  throw new LockstepError({ code: "LS2001", message: `${table} is no Iceberg table: ${metadataOf(table)} has no *.metadata.json`, fix: "Name the table's folder, or one of its metadata files." });
}

/** As {@link newestMetadata}; undefined where there is none. */
export async function findMetadata(table: string, store: StoreOptions | undefined): Promise<string | undefined> {
  const folder = metadataOf(table);
  const hint = await orNothing(`${folder}/version-hint.text`, store);
  const hinted = hint && new TextDecoder().decode(hint).trim().replace(/\.metadata\.json$/, "");
  const counted = /^v?(\d+)$/.exec(hinted ?? "")?.[1];
  const state = (version: number): string => `${folder}/v${version}.metadata.json`;
  // Not by a list: a folder has the files of all its states.
  if (counted !== undefined && (await isThere(state(Number(counted)), store))) {
    // The hint is written after the commit: its writer may have died between the two.
    let version = Number(counted);
    while (await isThere(state(version + 1), store)) version++;
    return state(version);
  }
  const names = (await namesIn(folder, store)).filter(isMetadata);
  if (names.length === 0) return undefined;
  if (hinted && names.includes(`${hinted}.metadata.json`)) return `${folder}/${hinted}.metadata.json`;
  // `v3.metadata.json`, `00003-<uuid>.metadata.json`
  const number = (name: string): number => Number(/^v?(\d+)/.exec(name)?.[1] ?? -1);
  const highest = Math.max(...names.map(number));
  const [newest, other] = names.filter((name) => number(name) === highest);
  if (other === undefined) return `${folder}/${newest}`;
  throw new LockstepError({
    code: "LS2001",
    message: `${table} has more than one newest metadata file: ${newest} and ${other}, one of which was never committed`,
    fix: "Name the one that the table's catalog has.",
  });
}

/** Where a table's metadata are written, as they name it. */
export const metadataFolder = ({ properties, location }: TableMetadata): string => properties?.["write.metadata.path"]?.replace(/\/+$/, "") ?? metadataOf(location);

/** Whether there is a file. */
export async function isThere(path: string, store: StoreOptions | undefined): Promise<boolean> {
  if (!isRemote(path)) return (await stat(path).catch(() => undefined))?.isFile() === true;
  const location = parseLocation(path);
  return (await (await openStore(location, store)).head(location.key)) !== undefined;
}

/** Whether a path names a table of Iceberg. */
export async function isTable(path: string, store?: StoreOptions): Promise<boolean> {
  if (isMetadata(path)) return true;
  return !/[*?[{]/.test(path) && (await namesIn(metadataOf(path), store)).some(isMetadata);
}

export const metadataOf = (table: string): string => `${table.replace(/\/+$/, "")}/metadata`;

/** Of a folder; none where it is not there. */
export async function namesIn(folder: string, store: StoreOptions | undefined): Promise<string[]> {
  if (isRemote(folder)) {
    const location = parseLocation(folder);
    return (await (await openStore(location, store)).list(location.key)).map(({ key }) => posix.basename(key));
  }
  const there = await stat(folder).catch(() => undefined);
  return there?.isDirectory() ? readdir(folder) : [];
}
