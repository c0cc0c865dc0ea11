import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { LockstepError, notWritten } from "../errors/index.ts";
import { localPath } from "./paths.ts";
import { isRemote } from "./store/location.ts";
import type { StoreOptions } from "./store/options.ts";

/**
 * Writes a folder that appears complete or not at all: `write` fills a hidden sibling, which is then renamed.
 * In an object store the same by a manifest. LS2007 if the output exists, without `overwrite`; LS2008 if it cannot be written.
 */
export async function writeOutput(
  output: string | URL,
  { overwrite = false, store }: { readonly overwrite?: boolean; readonly store?: StoreOptions },
  write: (folder: string) => Promise<void>,
): Promise<void> {
  if (isRemote(output)) {
    const { writeRemoteOutput } = await import("./store/output.ts");
    return writeRemoteOutput(output, overwrite, store, write);
  }
  const path = localPath(output);
  const target = resolve(path);
  const sibling = (kind: string): string => join(dirname(target), `.${basename(target)}.lockstep-${kind}`);
  const staging = sibling(randomUUID());
  if (!overwrite && (await exists(target))) throw outputExists(path);
  try {
    await mkdir(staging, { recursive: true });
    await write(staging);
    if (overwrite && (await exists(target))) await replace(staging, target, sibling(`old-${randomUUID()}`));
    else await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined); // The first error is the one to report.
    throw notWritten(path, error);
  }
}

/** Between the two renames there is a moment without the output; a crash then leaves the old one beside it. */
async function replace(staging: string, target: string, old: string): Promise<void> {
  await checkReplaceable(target);
  await rename(target, old);
  await rename(staging, target);
  await rm(old, { recursive: true, force: true });
}

/** Overwriting removes data: only what looks like an output is removed, never somebody's project folder. */
async function checkReplaceable(target: string): Promise<void> {
  if ((await stat(target)).isFile()) return;
  const stranger = (await readdir(target)).find((name) => !/^[._]|\.(parquet|csv)$/i.test(name));
  if (stranger === undefined) return;
  throw new LockstepError({
    code: "LS2007",
    message: `${target} is not an output: it holds "${stranger}", and overwriting would remove it`,
    fix: "Choose another path, or remove the folder yourself.",
  });
}

/** An empty folder (a mount point made beforehand) is no output. */
async function exists(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !(found.isDirectory() && (await readdir(path)).length === 0);
}

function outputExists(path: string): LockstepError {
  return new LockstepError({ code: "LS2007", message: `${path} exists` });
}
