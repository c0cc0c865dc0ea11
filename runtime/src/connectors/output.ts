import { randomUUID } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { notWritten } from "../errors/index.ts";
import type { Column } from "../tables/column.ts";
import type { Columns } from "../tables/row.ts";
import { folderNames, nullFolder } from "./folders.ts";
import { adds, checkFolders, nextPart, outputPath, placeOutput } from "./output-place.ts";
import { isHidden } from "./paths.ts";
import { stage, unstage } from "./staged.ts";
import { isRemote } from "./store/location.ts";
import { checkPartition, checkWrite, type WriteFilesOptions, type WriteMode } from "./write-options.ts";

/** Writes a file of some columns and rows. */
type WriteFile = (filename: string, columns: Columns, rows: number) => Promise<void>;

/** Writes a table as the options say: in one file, in files of so many rows, in folders. `extension` without a dot in front. */
export async function writeFiles(verb: string, path: string | URL, options: WriteFilesOptions<never>, extension: string, columns: Columns, rows: number, write: WriteFile): Promise<void> {
  checkWrite(verb, path, options);
  const partitionBy: readonly string[] = options.partitionBy ?? [];
  checkPartition(partitionBy, [...columns.keys()]);
  const own = new Map([...columns].filter(([name]) => !partitionBy.includes(name)));
  const most = options.fileRows ?? Infinity;
  const added = adds(options.mode ?? "create");
  await writeOutput(path, options, async (folder, first) => {
    if (options.single) return write(join(folder, basename(outputPath(path))), columns, rows);
    const stem = `part-${String(first).padStart(5, "0")}${added ? `-${randomUUID().slice(0, 8)}` : ""}`;
    for (const { name, rows: of } of partitioned(columns, partitionBy, rows)) {
      mkdirSync(join(folder, name), { recursive: true });
      for (let start = 0, number = 0; start < of.length || number === 0; start += most, number++) {
        const taken = of.length === rows && most >= rows ? undefined : of.subarray(start, start + most);
        const part = taken ? new Map([...own].map(([name, column]) => [name, column.take(taken)])) : own;
        // Behind the first in order of names.
        const file = `${stem}${number === 0 ? "" : `_${String(number).padStart(5, "0")}`}.${extension}`;
        await write(join(folder, name, file), part, taken?.length ?? of.length);
        if (most === Infinity) break;
      }
    }
    if (rows > 0 || partitionBy.length === 0 || added) return;
    // Without rows a file in the folder of nulls says what columns there are.
    const nulls = join(folder, nullFolder(partitionBy));
    mkdirSync(nulls, { recursive: true });
    await write(join(nulls, `${stem}.${extension}`), own, 0);
  });
}

/** The rows of each folder, in the order in which they appear. */
function partitioned(columns: Columns, partitionBy: readonly string[], rows: number): { name: string; rows: Int32Array }[] {
  if (partitionBy.length === 0) return [{ name: "", rows: Int32Array.from({ length: rows }, (_, row) => row) }];
  const folder = folderNames(partitionBy.map((name): [string, Column] => [name, columns.get(name)!]));
  const found = new Map<string, number[]>();
  for (let row = 0; row < rows; row++) {
    const name = folder(row);
    const own = found.get(name);
    if (own) own.push(row);
    else found.set(name, [row]);
  }
  return [...found].map(([name, own]) => ({ name, rows: Int32Array.from(own) }));
}

/**
 * Writes a folder, or one file, that appears complete or not at all: `write` fills a hidden sibling, which is then renamed; it is told
 * the number of its first part. In an object store the same by a manifest. LS2007 if the output exists and `mode` does not say what
 * becomes of it; LS2008 if it cannot be written.
 */
async function writeOutput(output: string | URL, { mode = "create", single = false, partitionBy = [], store }: WriteFilesOptions<never>, write: (folder: string, first: number) => Promise<void>): Promise<void> {
  if (isRemote(output)) {
    const { writeRemoteOutput } = await import("./store/output.ts");
    return writeRemoteOutput(output, mode, store, write);
  }
  const target = outputPath(output);
  const sibling = (kind: string): string => join(dirname(target), `.${basename(target)}.lockstep-${kind}`);
  const staging = sibling(randomUUID());
  placeOutput(target, mode);
  if (adds(mode)) checkFolders(target, partitionBy);
  stage(staging);
  try {
    mkdirSync(staging);
    await write(staging, adds(mode) ? nextPart([target]) : 0);
    if (adds(mode) && existsSync(target)) linkKept(target, staging, mode);
    const made = single ? join(staging, basename(target)) : staging;
    if (mode !== "create" && existsSync(target)) await replace(made, target, sibling(`old-${randomUUID()}`));
    else await rename(made, target);
    if (single) await rm(staging, { recursive: true, force: true });
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined); // The first error is the one to report.
    throw notWritten(target, error);
  } finally {
    unstage(staging);
  }
}

/** Links into the new output what stays of the old one. */
function linkKept(target: string, staging: string, mode: WriteMode): void {
  const names = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile());
  const written = new Set(names(staging).map(dirname));
  for (const name of names(target)) {
    if (mode === "overwrite-partitions" && !name.split("/").some(isHidden) && written.has(dirname(name))) continue;
    mkdirSync(join(staging, dirname(name)), { recursive: true });
    linkSync(join(target, name), join(staging, name));
  }
}

/** Between the two renames there is a moment without the output; a crash then leaves the old one beside it. */
async function replace(made: string, target: string, old: string): Promise<void> {
  await rename(target, old);
  await rename(made, target);
  await rm(old, { recursive: true, force: true });
}
