/**
 * Folders that writes are filling: gone with the process where it ends first, by `process.exit()` or an error that nobody catches.
 * Who fills one makes its folders at once (`mkdirSync`): one in the making would come back after it is removed.
 */
import { rmSync } from "node:fs";

const folders = new Set<string>();
let watched = false;

export function stage(folder: string): void {
  if (!watched) process.once("exit", () => folders.forEach(remove));
  watched = true;
  folders.add(folder);
}

export function unstage(folder: string): void {
  folders.delete(folder);
}

function remove(folder: string): void {
  try {
    // A file that is being made at this moment comes to stand in a folder that was empty.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // The process is ending with what it has to say.
  }
}
