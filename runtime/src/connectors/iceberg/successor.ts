/** The metadata of a table after an update, as a catalog makes them. */
import { removeFiles } from "./files.ts";
import { openable } from "./paths.ts";
import { idJson, parseExactly, snapshotJson, type State, type Update } from "./place.ts";

/** Metadata files that a state remembers, where `write.metadata.previous-versions-max` does not say it. */
const PREVIOUS = 100;

type Json = Record<string, unknown>;

/** What the update changes; all else as it was. */
export function successor({ text, path }: State, { snapshot, removed }: Update): Json {
  const metadata = parseExactly(text);
  const before = path === undefined ? [] : [{ "timestamp-ms": metadata["last-updated-ms"], "metadata-file": path }];
  const most = Number((metadata.properties as Record<string, string> | undefined)?.["write.metadata.previous-versions-max"] ?? PREVIOUS);
  const changed = {
    ...metadata,
    "last-updated-ms": Math.max(Date.now(), metadata["last-updated-ms"] as number),
    "metadata-log": [...listIn(metadata, "metadata-log"), ...before].slice(-Math.max(1, most)),
    ...(snapshot && added(metadata, snapshot)),
  };
  return removed ? without(changed, removed) : changed;
}

/** One more snapshot, which is then the current one. */
function added(metadata: Json, snapshot: NonNullable<Update["snapshot"]>): Json {
  const [id, at] = [idJson(snapshot["snapshot-id"]), snapshot["timestamp-ms"]];
  const refs = metadata.refs as { main?: object } | undefined;
  return {
    "last-sequence-number": snapshot["sequence-number"],
    "last-updated-ms": at,
    "current-snapshot-id": id,
    snapshots: [...listIn(metadata, "snapshots"), snapshotJson(snapshot)],
    refs: { ...refs, main: { ...refs?.main, "snapshot-id": id, type: "branch" } },
    "snapshot-log": [...listIn(metadata, "snapshot-log"), { "timestamp-ms": at, "snapshot-id": id }],
  };
}

function without(metadata: Json, { snapshots, refs }: NonNullable<Update["removed"]>): Json {
  const gone = new Set(snapshots);
  const stays = (one: Json): boolean => !gone.has(JSON.stringify(one["snapshot-id"]));
  const log = listIn(metadata, "snapshot-log");
  const some = (key: string): Json => (metadata[key] === undefined ? {} : { [key]: listIn(metadata, key).filter(stays) });
  return {
    ...metadata,
    snapshots: listIn(metadata, "snapshots").filter(stays),
    ...(metadata.refs !== undefined && { refs: Object.fromEntries(Object.entries(metadata.refs as object).filter(([name]) => !refs.includes(name))) }),
    // With a gap, who asks for a time in it would be given the state before.
    "snapshot-log": log.slice(log.findLastIndex((one) => !stays(one)) + 1),
    ...some("statistics"),
    ...some("partition-statistics"),
  };
}

const listIn = (metadata: Json, key: string): Json[] => (metadata[key] as Json[] | undefined) ?? [];

/** Removes the metadata files that an update has dropped from the log, where the table wants it so, as far as that goes. */
export async function removeForgotten({ metadata, store }: State, after: Json): Promise<void> {
  if (metadata.properties?.["write.metadata.delete-after-commit.enabled"] !== "true") return;
  const kept = new Set(listIn(after, "metadata-log").map((one) => one["metadata-file"]));
  await removeFiles((metadata["metadata-log"] ?? []).map((one) => one["metadata-file"]).filter((path) => !kept.has(path)).map(openable), store);
}
