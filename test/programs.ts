/** Programs of the system that tests use where they are, and processes that they look after. */
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The first of these names on the PATH. */
export function findProgram(names: readonly string[]): string | undefined {
  return (process.env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process runs: one that has ended and that nobody waits for does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
