import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { LockstepError } from "../errors/index.ts";

export const manifestName = "lockstep.manifest.json";

/** What the build leaves beside the bundle, as far as a launch needs it. */
export interface Manifest {
  readonly version: 2;
  /** Files, relative to the manifest, that define annotated functions: all that ranks other than 0 load. */
  readonly chunks: Readonly<Record<string, { readonly programs?: readonly string[] } | undefined>>;
}

/** A bundle on this machine. */
export interface Bundle {
  readonly directory: string;
  readonly manifest: Manifest;
}

/** The bundle that `entry` belongs to: the manifest beside it or in a folder above, up to two. LS2018 if another version wrote it. */
export function findBundle(entry: string | undefined): Bundle | undefined {
  if (!entry) return undefined;
  let directory: string;
  try {
    directory = dirname(realpathSync(entry));
  } catch {
    return undefined;
  }
  for (let level = 0; level < 3; level++, directory = dirname(directory)) {
    try {
      return { directory, manifest: readManifest(join(directory, manifestName)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return undefined;
}

function readManifest(path: string): Manifest {
  const text = readFileSync(path, "utf8");
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.version === 2) return manifest;
  } catch {
    // It is told below.
  }
  throw new LockstepError({ code: "LS2018", message: `${path} is not what this version of Lockstep reads`, fix: "Build the program again." });
}

/** The names of the programs in a build's folder, to propose them. */
export function programsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const chunks = findBundle(join(folder, manifestName))?.manifest.chunks ?? {};
  return readdirSync(folder).filter((name) => /\.m?js$/.test(name) && !Object.hasOwn(chunks, name));
}

/** The one program of a build's folder; undefined if there are none or several. */
export function programIn(folder: string): string | undefined {
  const programs = programsIn(folder);
  return programs.length === 1 ? join(folder, programs[0]!) : undefined;
}

/** Loads the annotated functions without the program around them. */
export async function loadRankChunks({ directory, manifest }: Bundle): Promise<void> {
  for (const file of Object.keys(manifest.chunks)) await import(pathToFileURL(join(directory, file)).href);
}

/** Equal on ranks that run the same code. */
export function bundleHash({ directory, manifest }: Bundle): string {
  const hash = createHash("sha256");
  for (const file of Object.keys(manifest.chunks)) hash.update(readFileSync(join(directory, file)));
  return hash.digest("hex");
}
