/**
 * The manifest of an output in an object store, `out/_lockstep.json`: it is put under a condition, in one request, and with
 * that the output is committed. What it names are uploads in pieces, invisible until they are completed, which happens
 * after the put: by the writer, or, where that one was killed, by whoever comes next and may write. Files of the folder
 * that it does not name are no part of the output.
 */
import { LockstepError } from "../../errors/index.ts";
import type { Listed, ObjectStore } from "./store.ts";

export const manifestName = "_lockstep.json";

/** A file of an output: the upload that it is, or was. */
export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  readonly upload: string;
  readonly pieces: readonly string[];
}

export interface Manifest {
  readonly version: 1;
  /** The write: new for each attempt. */
  readonly writer: string;
  /** Which of a job's outputs it is, where the job keeps its identity. */
  readonly identity?: ManifestIdentity;
  readonly files: readonly ManifestFile[];
  /** What it takes the place of: to be removed. */
  readonly replaces: readonly { readonly name: string; readonly upload?: string }[];
  /** The writers before it, the last 100: one whose answer was lost learns here that it had committed. */
  readonly history?: readonly string[];
  /** The identities of those before it whose files it goes on with, the last 100: a later attempt of such a job does not add them again. */
  readonly added?: readonly ManifestIdentity[];
}

interface ManifestIdentity {
  readonly job: string;
  readonly call: number;
  readonly output: number;
}

/** The manifest of a folder with its version's tag. LS2005 if it is none of ours, LS2015 if a later version wrote it. */
export async function readManifest(store: ObjectStore, folder: string): Promise<{ manifest: Manifest; tag: string } | undefined> {
  const key = join(folder, manifestName);
  const found = await store.get(key);
  if (found === undefined) return undefined;
  let manifest: Manifest;
  try {
    manifest = JSON.parse(new TextDecoder().decode(found.bytes)) as Manifest;
    if (!Array.isArray(manifest.files)) throw new Error("it has no list of files");
  } catch (error) {
    throw new LockstepError({ code: "LS2005", message: `${store.url(key)} is no manifest of an output`, cause: error });
  }
  if (manifest.version !== 1) {
    throw new LockstepError({ code: "LS2015", message: `${store.url(key)} was written by a later version of Lockstep`, fix: "Update Lockstep." });
  }
  return { manifest, tag: found.version };
}

export const join = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

/**
 * Completes what the manifest names and is not there. `present`: keys that a listing has shown. LS2005 where a file is
 * neither there nor to be completed.
 */
export async function complete(store: ObjectStore, folder: string, { files }: Manifest, present: ReadonlyMap<string, Listed>): Promise<Listed[]> {
  return Promise.all(
    files.map(async ({ name, bytes, upload, pieces }) => {
      const key = join(folder, name);
      const listed = present.get(key);
      if (listed?.size === bytes) return listed;
      await store.complete(key, upload, pieces).catch(() => false);
      const found = await store.head(key);
      if (found?.size === bytes) return found;
      throw new LockstepError({
        code: "LS2005",
        message: `${store.url(key)} is part of an output whose commit was interrupted, and cannot be completed from here`,
        fix: `Run the writing job again with mode "overwrite", or, where files were removed by hand, remove ${store.url(join(folder, manifestName))} too.`,
      });
    }),
  );
}
