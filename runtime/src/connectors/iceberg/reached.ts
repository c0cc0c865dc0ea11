/** The files that snapshots of a table name. */
import { LockstepError } from "../../errors/index.ts";
import type { StoreOptions } from "../store/options.ts";
import { readAvro } from "./avro.ts";
import { inParts } from "./files.ts";
import { readList, type Listed } from "./manifest-files.ts";
import type { Snapshot, TableMetadata } from "./metadata.ts";
import { bytesOf, openable } from "./paths.ts";
import type { State } from "./place.ts";

/** Files by their paths as we open them. */
export type Reached = Map<string, { readonly kind: "data" | "deletes" | "manifest" | "list" | "statistics"; readonly size: number | undefined }>;

/** All that these snapshots of a state name. LS2001 where a file of theirs is not there, LS2015 where they have no lists of their manifests. */
export async function reachedBy(state: State, snapshots: readonly Snapshot[]): Promise<Reached> {
  const { reached, manifests } = await listsOf(state, snapshots);
  await filesIn(state, manifests, (path, kind, size) => reached.set(path, { kind, size }));
  return reached;
}

/** What `gone` name, as far as it is there, and no snapshot of `state`, which they are not in any more. Manifests that both have are read once. */
export async function reachedOnlyBy(gone: readonly Snapshot[], before: State, state: State): Promise<Reached> {
  const [{ reached, manifests }, now] = await Promise.all([listsOf(before, gone, true), listsOf(state, state.metadata.snapshots ?? [])]);
  await filesIn(before, manifests.filter(({ manifest_path: path }) => !now.reached.has(openable(path))), (path, kind, size) => reached.set(path, { kind, size }), true);
  for (const path of now.reached.keys()) reached.delete(path);
  await filesIn(state, now.manifests, (path) => reached.delete(path));
  return reached;
}

/** Lists, manifests and statistics; `some`: without those that are gone. */
async function listsOf({ metadata, store }: State, snapshots: readonly Snapshot[], some = false): Promise<{ reached: Reached; manifests: Listed[] }> {
  const reached: Reached = new Map();
  for (const { path, size } of statisticsOf(metadata, snapshots)) reached.set(openable(path), { kind: "statistics", size });
  const manifests = new Map<string, Listed>();
  await inParts(snapshots, async ({ "snapshot-id": id, "manifest-list": list }) => {
    if (list === undefined) throw new LockstepError({ code: "LS2015", message: `the snapshot ${id} of ${metadata.location} is of format version 1, without a list of its manifests` });
    const bytes = await bytesIn(openable(list), store, some);
    reached.set(openable(list), { kind: "list", size: bytes?.length });
    for (const listed of bytes ? await readList(list, bytes) : []) manifests.set(openable(listed.manifest_path), listed);
  });
  for (const [path, { manifest_length: size }] of manifests) reached.set(path, { kind: "manifest", size: Number(size) });
  return { reached, manifests: [...manifests.values()] };
}

function statisticsOf(metadata: TableMetadata, snapshots: readonly Snapshot[]): { path: string; size: number | undefined }[] {
  const ids = new Set(snapshots.map((one) => one["snapshot-id"]));
  const all = [...(metadata.statistics ?? []), ...(metadata["partition-statistics"] ?? [])];
  return all.filter((one) => ids.has(one["snapshot-id"])).map((one) => ({ path: one["statistics-path"], size: one["file-size-in-bytes"] }));
}

async function filesIn({ store }: State, manifests: readonly Listed[], each: (path: string, kind: "data" | "deletes", size: number) => void, some = false): Promise<void> {
  await inParts(manifests, async ({ manifest_path: path, content }) => {
    const bytes = await bytesIn(openable(path), store, some);
    for (const { status, data_file: file } of bytes ? await readAvro(path, bytes) : []) {
      const { file_path: of, file_size_in_bytes: size } = file as { file_path: string; file_size_in_bytes: bigint };
      if (status !== 2) each(openable(of), content === 0 ? "data" : "deletes", Number(size));
    }
  });
}

async function bytesIn(path: string, store: StoreOptions, some: boolean): Promise<Uint8Array | undefined> {
  return bytesOf(path, store).catch((error: unknown) => {
    if (some && error instanceof LockstepError && error.code === "LS2001") return undefined;
    throw error;
  });
}
