/**
 * One snapshot, once.
 *
 * ```text
 * manifest of the new files ─► (manifests of what is replaced) ─► list of manifests ─► the place takes it if the table is as it was
 *          once                      again for another state           again                 the decision: one request, one link
 * ```
 * Whatever becomes of the decision's answer, the table's newest state says whether the snapshot is in it: its summary has the commit's id.
 * A request that is under way after it was given up names the state it is for, and can do nothing once there is another.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { LockstepError } from "../../errors/index.ts";
import { version } from "../../version.ts";
import { inParts, makeFolder, put } from "./files.ts";
import { addedManifest, holds, ITS_OWN, kindOf, manifestOf, mergedManifest, readList, touches, writeList, type Listed, type NewFile, type Removed, type Replaced, type Source } from "./manifest-files.ts";
import { currentSnapshot, schemaOf, specOf, type Snapshot, type TableMetadata } from "./metadata.ts";
import { bytesOf, metadataFolder, openable } from "./paths.ts";
import { Refused, type NewSnapshot, type State, type TablePlace } from "./place.ts";
import { readInto, readSummary, type ReadSnapshots } from "./places.ts";

/** What one commit does. */
export interface Change {
  /** Tells it from all others, also from those of other attempts of the job. */
  readonly id: string;
  /** The state that the program saw. */
  readonly from: State;
  /** What the new files take the place of. */
  readonly replaced: Replaced | undefined;
  readonly files: readonly NewFile[];
  /** The rows are those of the files that are replaced. */
  readonly moves: boolean;
  /** What the program was told of rows that were deleted or merged: an attempt that finds the commit tells the same. */
  readonly answers: readonly object[];
  /** What the rows came from. */
  readonly read: ReadSnapshots;
}

/** The summary's key of a commit's id. */
const KEY = "lockstep.commit-id";
/** The summary's key of what was answered. */
const ANSWERS = "lockstep.answers";
/** Attempts while others commit before us. */
const ATTEMPTS = 30;
/** Attempts whose answers do not come. */
const UNANSWERED = 4;
const LONGEST = 2_000;
/** So many manifests of less than these bytes become one, of 8 MB about, as Java's Iceberg has them. */
const MANY = 100;
const SMALL = 80_000n;

/** Whether a commit is in the table. */
export function isCommitted(metadata: TableMetadata, id: string): boolean {
  return committed(metadata, id) !== undefined;
}

/** What the commit has answered. */
export const answersOf = (metadata: TableMetadata, id: string): object[] => JSON.parse(committed(metadata, id)?.summary?.[ANSWERS] ?? "[]") as object[];

const committed = (metadata: TableMetadata, id: string): Snapshot | undefined => metadata.snapshots?.find(({ summary }) => summary?.[KEY] === id);

/** The error of a commit of which it is not known whether it is there: its files are kept. */
export class Unknown extends LockstepError {}

/**
 * Commits; `written` gets the files that it makes, and it resolves with those that were made in vain. LS2023 where others have changed what is replaced; {@link Unknown}; any other error: the
 * table is as it was.
 */
export async function commit(place: TablePlace, change: Change, written: string[]): Promise<string[]> {
  const snapshot = (randomBytes(8).readBigUInt64LE() & ((1n << 63n) - 1n)) | 1n;
  const builder = new Builder(change, snapshot, written);
  let state = change.from;
  /** A request for this state is without an answer: it may still come true. */
  let pending = false;
  const fail = (error: unknown): never => {
    throw pending ? unknown(place, error) : error;
  };
  for (let attempt = 0, unanswered = 0; ; attempt++) {
    // What a state names may have expired once there is a newer one.
    const next = await builder.on(state, attempt).catch(async (error: unknown) => ((await place.load().catch(() => state))?.path === state.path ? fail(error) : undefined));
    let failure: unknown;
    try {
      if (next && (await place.commit(state, { snapshot: next }))) return builder.unusedBy(next["manifest-list"]);
    } catch (error) {
      failure = error;
    }
    // Also what was refused may be there, by a request of ours whose answer was lost.
    const found = await place.load().catch((error: unknown) => (failure instanceof Refused ? fail(failure) : Promise.reject(unknown(place, error))));
    const own = found && committed(found.metadata, change.id);
    if (own) return builder.unusedBy(own["manifest-list"]!);
    if (failure instanceof Refused) fail(failure);
    if (failure !== undefined) {
      pending = true;
      if (++unanswered === UNANSWERED) throw unknown(place, failure);
    } else {
      pending &&= found?.path === state.path;
      state = await accepted(place, change, state, found).catch(fail);
    }
    if (attempt === ATTEMPTS) fail(new LockstepError({ code: "LS2023", message: `${place.name}: others have committed before this write ${ATTEMPTS} times in a row; nothing is written`, fix: "Run the job again when fewer write the table." }));
    await wait(Math.min(LONGEST, 20 * 2 ** attempt) * (0.5 + Math.random() / 2));
  }
}

function unknown({ name }: TablePlace, error: unknown): Unknown {
  return new Unknown({
    code: "LS2008",
    message: `${name}: whether it is committed is not known (${(error as Error).message}); its files are kept`,
    fix: "Look whether the table's newest snapshot has these rows before the job is run again.",
    cause: error,
  });
}

/** The state to commit on next: an append belongs behind whatever is there, but what is replaced must be what the program saw. */
async function accepted({ name }: TablePlace, { replaced, from }: Change, before: State, now: State | undefined): Promise<State> {
  if (now === undefined) throw changed(name, "was removed");
  const uuid = (state: State): unknown => state.metadata["table-uuid"];
  if (before.path === undefined) {
    const shape = ({ metadata }: State): string => JSON.stringify([schemaOf(metadata, metadata["current-schema-id"]).fields.map(({ id, name: column, type }) => [id, column, type]), specOf(metadata, metadata["default-spec-id"] ?? 0)]);
    if (replaced || shape(before) !== shape(now)) throw changed(name, "was made by others");
    return now;
  }
  if (uuid(before) !== uuid(now)) throw changed(name, "was made anew");
  if (replaced) await checkUnchanged(name, currentSnapshot(from.metadata)?.["snapshot-id"], now, replaced);
  return now;
}

/** LS2023 where others have changed since a snapshot what is replaced. */
export async function checkUnchanged(name: string, since: string | undefined, { metadata, store }: State, replaced: Replaced): Promise<void> {
  for (let at = currentSnapshot(metadata); at?.["snapshot-id"] !== since; at = metadata.snapshots?.find((one) => one["snapshot-id"] === at!["parent-snapshot-id"])) {
    if (!at) throw changed(name, "was changed by others");
    // A compaction has the same rows in other files.
    const moved = at.summary?.operation === "replace";
    const list = openable(at["manifest-list"]!);
    const own = (await readList(list, await bytesOf(list, store))).filter((one) => String(one.added_snapshot_id) === at!["snapshot-id"]);
    for (const listed of own) if (await touches({ listed, bytes: await bytesOf(openable(listed.manifest_path), store) }, replaced, moved, metadata)) throw changed(name, "was changed by others");
  }
}

const changed = (name: string, what: string): LockstepError => new LockstepError({ code: "LS2023", message: `${name} ${what} while it was written; nothing of this write is there` });

/** Makes the snapshot for a state; what holds for all states is made once. */
class Builder {
  readonly #change: Change;
  readonly #snapshot: bigint;
  readonly #written: string[];
  /** The files of an attempt, by its list. */
  readonly #attempts = new Map<string, ReadonlySet<string>>();
  readonly #name: string;
  #added: Listed | undefined;
  /** Manifests that have been read, by their paths. */
  readonly #read = new Map<string, Source>();
  /** What was made of some of them. */
  readonly #merged = new Map<string, { readonly listed: Listed; readonly removed: Removed }>();

  constructor(change: Change, snapshot: bigint, written: string[]) {
    this.#change = change;
    this.#snapshot = snapshot;
    this.#written = written;
    this.#name = `${snapshot.toString(16)}-${randomBytes(4).toString("hex")}`;
  }

  async on({ metadata, store }: State, attempt: number): Promise<NewSnapshot> {
    const { files, moves, id, from, replaced, answers, read } = this.#change;
    const folder = metadataFolder(metadata);
    await makeFolder(openable(folder));
    const write = async (name: string, bytes: Uint8Array): Promise<void> => {
      const path = openable(`${folder}/${name}`);
      this.#written.push(path);
      await put(path, bytes, store);
    };
    const parent = currentSnapshot(metadata);
    const sequence = (metadata["last-sequence-number"] ?? 0) + 1;
    if (files.length > 0 && !this.#added) {
      const path = `${folder}/${this.#name}-m0.avro`;
      const { bytes, listed } = await addedManifest(path, manifestOf(from.metadata, from.metadata["default-spec-id"] ?? 0), files, this.#snapshot, moves ? BigInt(currentSnapshot(from.metadata)!["sequence-number"] ?? 0) : null);
      await write(`${this.#name}-m0.avro`, bytes);
      this.#added = listed;
    }
    const list = parent && openable(parent["manifest-list"]!);
    const before = (list ? await readList(list, await bytesOf(list, store)) : []).filter((one) => one.added_files_count + one.existing_files_count > 0);
    const { kept, gone } = await this.#rewritten(before, metadata, async (path) => bytesOf(openable(path), store), write, folder);
    // Older rows come first, as a reader of the whole table has them.
    const listed = [...kept, ...(this.#added ? [this.#added] : [])].map((one) => {
      const own = one.added_snapshot_id === this.#snapshot;
      return own ? { ...one, sequence_number: BigInt(sequence), min_sequence_number: one.min_sequence_number === ITS_OWN ? BigInt(sequence) : one.min_sequence_number } : one;
    });
    const name = `snap-${this.#snapshot}-${attempt}-${this.#name}.avro`;
    await write(name, await writeList(listed, this.#snapshot, parent?.["snapshot-id"], sequence));
    this.#attempts.set(`${folder}/${name}`, new Set([`${folder}/${name}`, ...listed.map((one) => one.manifest_path)].map(openable)));
    const last = parent?.["timestamp-ms"] ?? 0;
    return {
      "snapshot-id": String(this.#snapshot), ...(parent && { "parent-snapshot-id": parent["snapshot-id"] }), "sequence-number": sequence, "timestamp-ms": Math.max(Date.now(), last + 1),
      "manifest-list": `${folder}/${name}`, summary: { operation: moves ? "replace" : gone.length === 0 ? "append" : files.length > 0 ? "overwrite" : "delete", ...(replaced && replaced.partitions.size > 0 && { "replace-partitions": "true" }), ...counts(files, gone, parent), [KEY]: id, ...(answers.length > 0 && { [ANSWERS]: JSON.stringify(answers) }), ...readSummary({ ...readInto(metadata), ...read }), "engine-name": "lockstep", "engine-version": version },
      "schema-id": metadata["current-schema-id"] ?? 0,
    };
  }

  /** What other attempts have written. */
  unusedBy(list: string): string[] {
    const used = this.#attempts.get(list);
    return used ? this.#written.filter((path) => !used.has(path)) : [];
  }

  /** The manifests of the table as the snapshot has them: without what is replaced, and fewer where there are many small ones. */
  async #rewritten(before: readonly Listed[], metadata: TableMetadata, read: (path: string) => Promise<Uint8Array>, write: (name: string, bytes: Uint8Array) => Promise<void>, folder: string): Promise<{ kept: Listed[]; gone: Removed[] }> {
    const { replaced } = this.#change;
    const small = before.filter(({ content, manifest_length }) => content === 0 && manifest_length < SMALL);
    const candidates = replaced ? before : small.length < MANY ? [] : small;
    await inParts(candidates.filter(({ manifest_path: path }) => !this.#read.has(path)), async (listed) => {
      this.#read.set(listed.manifest_path, { listed, bytes: await read(listed.manifest_path) });
    });
    const all = candidates.map(({ manifest_path: path }) => this.#read.get(path)!);
    const concerned = replaced ? (await inParts(all, async (source) => ((await holds(source, replaced)) ? [source] : []))).flat() : all;
    const made = new Map<string, Listed>();
    const gone: Removed[] = [];
    for (const sources of Map.groupBy(concerned, kindOf).values()) {
      const paths = sources.map(({ listed }) => listed.manifest_path);
      const key = paths.join();
      if (!this.#merged.has(key)) {
        const name = `${this.#name}-m${this.#merged.size + 1}.avro`;
        const merged = await mergedManifest(`${folder}/${name}`, sources, manifestOf(metadata, sources[0]!.listed.partition_spec_id), this.#snapshot, replaced);
        await write(name, merged.bytes);
        this.#merged.set(key, merged);
      }
      const { listed, removed } = this.#merged.get(key)!;
      if (replaced) gone.push(removed);
      paths.forEach((path) => made.set(path, listed));
    }
    // One that takes the place of several stands where the first of them stood.
    return { kept: [...new Set(before.map((one) => made.get(one.manifest_path) ?? one))], gone };
  }
}

/** What a summary counts, by the specification's names. */
function counts(files: readonly NewFile[], gone: readonly Removed[], parent: Snapshot | undefined): Record<string, string> {
  const sum = <T>(list: readonly T[], of: (one: T) => bigint): bigint => list.reduce((total, one) => total + of(one), 0n);
  const added = { files: BigInt(files.length), records: sum(files, ({ metrics }) => metrics.rows), size: sum(files, ({ metrics }) => BigInt(metrics.size)) };
  const removed = { files: sum(gone, (one) => BigInt(one.files)), records: sum(gone, ({ rows }) => rows), size: sum(gone, ({ bytes }) => bytes) };
  const replaces = gone.length > 0;
  const total = (key: string, more: bigint, less: bigint): Record<string, string> => {
    const before = parent === undefined ? "0" : parent.summary?.[key];
    return before === undefined ? {} : { [key]: String(BigInt(before) + more - less) };
  };
  const deletes = sum(gone, (one) => BigInt(one.deleteFiles));
  return {
    "added-data-files": String(added.files), "added-records": String(added.records), "added-files-size": String(added.size),
    ...(replaces && { "deleted-data-files": String(removed.files), "deleted-records": String(removed.records), "removed-files-size": String(removed.size) }),
    "changed-partition-count": String(new Set(files.map(({ partition }) => JSON.stringify(partition))).size),
    ...total("total-records", added.records, removed.records), ...total("total-data-files", added.files, removed.files), ...total("total-files-size", added.size, removed.size),
    ...total("total-delete-files", 0n, deletes),
    // How many rows were deleted by files that are gone nobody has counted.
    ...(deletes === 0n && { ...total("total-position-deletes", 0n, 0n), ...total("total-equality-deletes", 0n, 0n) }),
  };
}
