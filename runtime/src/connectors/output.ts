import { randomUUID } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { notWritten } from "../errors/index.ts";
import { outputPath, placeOutput } from "./output-place.ts";
import { stage, unstage } from "./staged.ts";
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
  const target = outputPath(output);
  const sibling = (kind: string): string => join(dirname(target), `.${basename(target)}.lockstep-${kind}`);
  const staging = sibling(randomUUID());
  placeOutput(target, overwrite);
  stage(staging);
  try {
    await mkdir(staging);
    await write(staging);
    if (overwrite && existsSync(target)) await replace(staging, target, sibling(`old-${randomUUID()}`));
    else await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined); // The first error is the one to report.
    throw notWritten(target, error);
  } finally {
    unstage(staging);
  }
}

/** Between the two renames there is a moment without the output; a crash then leaves the old one beside it. */
async function replace(staging: string, target: string, old: string): Promise<void> {
  await rename(target, old);
  await rename(staging, target);
  await rm(old, { recursive: true, force: true });
}
