/**
 * Snapshots that a table need no longer have, by the rules of Java's ExpireSnapshots, and the files that only they name.
 *
 * ```text
 * branches, tags, properties ─► snapshots that go ─► one commit ─► the state that is there now ─► files that it does not name, removed
 * ```
 * Nothing is removed before the commit, and nothing that a snapshot of the newest state names. A crash between leaves files that
 * `lockstep iceberg orphans` lists.
 */
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { LockstepError } from "../../errors/index.ts";
import { removeEmpty, removeFiles } from "./files.ts";
import type { Ref, Snapshot, TableMetadata } from "./metadata.ts";
import { foldersOf } from "./orphans.ts";
import { Refused, type State, type TablePlace, type Update } from "./place.ts";
import { loaded, placeOf, type PlaceOptions } from "./places.ts";
import { reachedOnlyBy, type Reached } from "./reached.ts";

/** What a table's properties say where this does not. */
export interface Retention {
  /** Milliseconds that a snapshot is kept. */
  readonly age?: number;
  /** Snapshots of each branch that are kept whatever their age. */
  readonly keep?: number;
}

export interface Expired {
  /** As messages call the table. */
  readonly name: string;
  readonly snapshots: number;
  readonly kept: number;
  /** Branches and tags that were too old themselves. */
  readonly refs: readonly string[];
  readonly files: Reached;
  /** Those of the files that could not be removed. */
  readonly left: readonly string[];
}

/** Attempts while others commit, or nobody answers. */
const ATTEMPTS = 20;
const DAY = 86_400_000;

/** LS2001 no table, LS2008, LS2015 where the table's properties or its version forbid it, LS2023. */
export async function expireSnapshots(table: string, options: PlaceOptions, retention: Retention, dryRun: boolean): Promise<Expired> {
  const place = await placeOf(table, options);
  const before = await loaded(place);
  if (before.metadata.properties?.["gc.enabled"] === "false") {
    throw new LockstepError({ code: "LS2015", message: `${place.name} says that its files are not its own (gc.enabled is false): removing some may damage other tables`, fix: "Set the table's property gc.enabled to true where no other table has its files." });
  }
  const now = Date.now();
  const planned = expiring(before.metadata, now, retention);
  const all = before.metadata.snapshots ?? [];
  const without = { ...before, metadata: { ...before.metadata, snapshots: all.filter((one) => !planned.snapshots.includes(one["snapshot-id"])) } };
  const { gone, files, after } = await left(place, before, dryRun ? without : await committed(place, before, now, retention));
  const refs = dryRun ? planned.refs : Object.keys(before.metadata.refs ?? {}).filter((name) => !Object.hasOwn(after.metadata.refs ?? {}, name));
  return { name: place.name, snapshots: gone.length, kept: after.metadata.snapshots?.length ?? 0, refs, files, left: dryRun ? [] : await removed(files, after) };
}

/** The snapshots that are not in a state any more, and the files that it has no use for. */
async function left(place: TablePlace, before: State, after: State): Promise<{ gone: Snapshot[]; files: Reached; after: State }> {
  const there = new Set(after.metadata.snapshots?.map((one) => one["snapshot-id"]));
  const gone = (before.metadata.snapshots ?? []).filter((one) => !there.has(one["snapshot-id"]));
  try {
    return { gone, files: gone.length > 0 ? await reachedOnlyBy(gone, before, after) : new Map(), after };
  } catch (error) {
    // Others let snapshots expire, too.
    const now = await loaded(place);
    if (now.path === after.path) throw error;
    return left(place, before, now);
  }
}

/** The state without what expires. */
async function committed(place: TablePlace, from: State, now: number, retention: Retention): Promise<State> {
  let state = from;
  for (let attempt = 1; ; attempt++) {
    const removed = expiring(state.metadata, now, retention);
    if (removed.snapshots.length + removed.refs.length === 0) return state;
    const failure = await place.commit(state, { removed }).then(() => undefined, (error: unknown) => error);
    if (failure instanceof Refused) throw failure;
    // Whatever the answer was: what is there no more need not be asked for again.
    const found = await loaded(place);
    if (failure !== undefined && attempt === ATTEMPTS) throw failure;
    if (attempt === ATTEMPTS) throw new LockstepError({ code: "LS2023", message: `${place.name}: others have committed ${ATTEMPTS} times in a row; no snapshot has expired`, fix: "Run it again when fewer write the table." });
    if (found.path === state.path) await wait(100 * attempt);
    state = found;
  }
}

/** What Java's Iceberg expires: of a branch the snapshots behind its newest ones, of what no branch leads to all that are too old; what a tag names stays as long as the tag. */
export function expiring(metadata: TableMetadata, now: number, { age, keep }: Retention): NonNullable<Update["removed"]> {
  const { snapshots = [], properties = {}, "current-snapshot-id": current } = metadata;
  const property = (name: string, otherwise: number): number => Number(properties[`history.expire.${name}`] ?? otherwise);
  const oldest = now - (age ?? property("max-snapshot-age-ms", 5 * DAY));
  const least = keep ?? property("min-snapshots-to-keep", 1);
  const byId = new Map(snapshots.map((one) => [one["snapshot-id"], one]));
  const main = current === undefined || current === null || !byId.has(current) ? {} : { main: { "snapshot-id": current, type: "branch" as const } };
  const refs: [string, Ref][] = Object.entries({ ...main, ...metadata.refs });
  const isKept = ([name, ref]: [string, Ref]): boolean => {
    const at = byId.get(ref["snapshot-id"]);
    return name === "main" || (at !== undefined && now - at["timestamp-ms"] <= (ref["max-ref-age-ms"] ?? property("max-ref-age-ms", Infinity)));
  };
  const kept = refs.filter(isKept).map(([, ref]) => ref);
  const [stay, led] = [new Set<Snapshot>(), new Set<Snapshot>()];
  for (const ref of kept) {
    const line = ancestorsOf(ref["snapshot-id"], byId);
    const since = ref["max-snapshot-age-ms"] === undefined ? oldest : now - ref["max-snapshot-age-ms"];
    const own = ref.type === "tag" ? line.slice(0, 1) : line;
    own.forEach((one) => led.add(one));
    const end = ref.type === "tag" ? 1 : own.findIndex((one, index) => index >= (ref["min-snapshots-to-keep"] ?? least) && one["timestamp-ms"] < since);
    own.slice(0, end < 0 ? own.length : end).forEach((one) => stay.add(one));
  }
  for (const one of snapshots) if (!led.has(one) && one["timestamp-ms"] >= oldest) stay.add(one);
  return { snapshots: snapshots.filter((one) => !stay.has(one)).map((one) => one["snapshot-id"]), refs: refs.filter((one) => !isKept(one)).map(([name]) => name) };
}

/** From a snapshot to the oldest before it. */
function ancestorsOf(id: string, byId: ReadonlyMap<string, Snapshot>): Snapshot[] {
  const line: Snapshot[] = [];
  for (let at = byId.get(id); at; at = byId.get(at["parent-snapshot-id"] ?? "")) line.push(at);
  return line;
}

/** Data first: as long as a manifest is there, what is left can be found by it. */
async function removed(files: Reached, { metadata, store }: State): Promise<string[]> {
  const of = (...kinds: string[]): string[] => [...files].filter(([, { kind }]) => kinds.includes(kind)).map(([path]) => path);
  const left: string[] = [];
  for (const paths of [of("data", "deletes", "statistics"), of("manifest"), of("list")]) left.push(...(await removeFiles(paths, store)));
  const own = new Set(foldersOf(metadata));
  await removeEmpty([...new Set(of("data", "deletes").map((path) => dirname(path)))].filter((folder) => !own.has(folder)));
  return left;
}
