/**
 * Metadata of the project's Iceberg tables for a run. They name the table's folder by its absolute path, and what is written goes there,
 * wherever they are read: a run's copy names the run's folder. Files of data stay where they are, found by their own absolute paths.
 */
import { readFileSync, writeFileSync } from "node:fs";

type Json = Record<string, unknown>;
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Whether a folder's `metadata` has these names. */
export const isState = (name: string): boolean => name.endsWith(".metadata.json");

/** Writes the state `from` of a table as that of a table in `folder`. False: it is none that a program could open. */
export function copyState(from: string, to: string, folder: string): boolean {
  let state: Json;
  try {
    // Ids of snapshots are larger than numbers.
    state = JSON.parse(readFileSync(from, "utf8"), (_, value: unknown, context?: { source?: string }) => (typeof value === "number" ? rawJSON(context!.source!) : value)) as Json;
    if (typeof state.location !== "string") return false;
  } catch {
    return false;
  }
  const elsewhere = ["write.data.path", "write.metadata.path", "write.object-storage.path", "write.folder-storage.path"];
  const properties = Object.fromEntries(Object.entries((state.properties ?? {}) as Json).filter(([name]) => !elsewhere.includes(name)));
  // Without the log of older states, which a commit may remove by their names.
  writeFileSync(to, JSON.stringify({ ...state, location: folder, properties, "metadata-log": [] }));
  return true;
}
