/** Folders of a benchmark: gone with the process, also where Ctrl-C or somebody's time limit ends it. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

const folders = new Set<string>();

export function scratch(parent: string, prefix: string): string {
  if (folders.size === 0) {
    // What was started may write for a moment more.
    process.once("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  const folder = mkdtempSync(join(parent, prefix));
  folders.add(folder);
  return folder;
}
