/** Which place a program means, and how far jobs have read into it. */
import { LockstepError } from "../../errors/index.ts";
import { outputPath } from "../output-place.ts";
import { isRemote } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions } from "./catalog.ts";
import { isSql } from "./catalog-names.ts";
import { CatalogPlace } from "./catalog-place.ts";
import { FolderPlace } from "./folder-place.ts";
import { currentSnapshot, type TableMetadata } from "./metadata.ts";
import type { State, TablePlace } from "./place.ts";

export interface PlaceOptions {
  readonly catalog?: CatalogOptions;
  readonly store?: StoreOptions;
}

/** What says which table it is: the same for all writes to it. */
export function tableKey(table: string | URL, { catalog }: Pick<PlaceOptions, "catalog">): string {
  if (catalog) return JSON.stringify([catalog.name, catalog.uri, catalog.warehouse, String(table)]);
  return isRemote(table) ? String(table).replace(/\/+$/, "") : outputPath(table);
}

export async function placeOf(table: string | URL, { catalog, store = {} }: PlaceOptions): Promise<TablePlace> {
  if (!catalog) return new FolderPlace(tableKey(table, {}), store);
  return isSql(catalog) ? new (await import("./sql-place.ts")).SqlPlace(String(table), catalog, store) : CatalogPlace.of(String(table), catalog, store);
}

/** A table's newest state. LS2001 where there is no table. */
export async function loaded(place: TablePlace): Promise<State> {
  const state = await place.load();
  if (state) return state;
  throw new LockstepError({ code: "LS2001", message: `there is no table ${place.name}` });
}

/** A table that a reader says its rows go into: its name in the reader's catalog, or a folder. */
export const outputOf = (into: string, options: PlaceOptions): [string, PlaceOptions] => [into, into.includes("/") ? { ...(options.store && { store: options.store }) } : options];

/** The summary's keys of the snapshots that a job has read of other tables, by their ids. */
const READ = "lockstep.read.";

/** A table's id → its snapshot that was read. */
export type ReadSnapshots = Readonly<Record<string, string>>;

/** What the rows of a table came from, as its newest snapshots say; those of other writers say nothing. */
export function readInto(metadata: TableMetadata): ReadSnapshots {
  const read: Record<string, string> = {};
  for (let at = currentSnapshot(metadata); at; at = metadata.snapshots?.find((one) => one["snapshot-id"] === at!["parent-snapshot-id"])) {
    for (const [key, snapshot] of Object.entries(at.summary ?? {})) if (key.startsWith(READ)) read[key.slice(READ.length)] ??= snapshot;
  }
  return read;
}

export const readSummary = (read: ReadSnapshots): ReadSnapshots => Object.fromEntries(Object.entries(read).map(([table, snapshot]) => [READ + table, snapshot]));

/**
 * Up to which snapshot of `source` the job that writes `into` has read it; undefined: it has not, and there are no rows yet. LS2001 where there are, of which
 * nobody knows what they came from.
 */
export async function lastRead(source: string, uuid: string, into: string, options: PlaceOptions): Promise<string | undefined> {
  const place = await placeOf(...outputOf(into, options));
  const state = await place.load();
  if (!state || !currentSnapshot(state.metadata)) return undefined;
  const last = readInto(state.metadata)[uuid];
  if (last !== undefined) return last;
  throw new LockstepError({
    code: "LS2001",
    message: `${place.name} has rows, and none of its snapshots says up to which snapshot ${source} was read for them`,
    fix: 'Say it once: since: "…", the id of a snapshot, beside into. From then on "last-success" knows it.',
  });
}

/** Under plain Node: what readers have read into tables that are yet to be written, by `tableKey`. */
const pending = new Map<string, ReadSnapshots>();

export function noteRead(into: string, options: PlaceOptions, read: ReadSnapshots, among = pending): void {
  const key = tableKey(...outputOf(into, options));
  among.set(key, { ...among.get(key), ...read });
}

/** What was read for a write that begins. */
export function takeRead(key: string): ReadSnapshots {
  const read = pending.get(key) ?? {};
  pending.delete(key);
  return read;
}
