import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { notWritten } from "../errors/index.ts";

/** Writes a file that an option of the launch named; it appears whole. LS2008 if it cannot be written. */
export function writeReport(option: string, file: string, text: string): void {
  const partial = `${file}.partial`;
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    // A device or a pipe (`/dev/stdout`, a shell's `>(…)`) takes the text; a file must not take its place.
    if (found && !found.isFile()) return writeFileSync(file, text);
    writeFileSync(partial, text);
    renameSync(partial, file);
  } catch (error) {
    if (existsSync(partial)) rmSync(partial);
    throw notWritten(`${file} (${option})`, error);
  }
}
