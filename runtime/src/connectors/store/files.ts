/** The files of a path in an object store: one listing for a folder or a pattern, one request for a file. */
import { posix } from "node:path";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { hasExtension, isIceberg, isMetadata, listed as listedNames } from "../paths.ts";
import type { Location } from "./location.ts";
import { complete, manifestName, readManifest } from "./manifest.ts";
import { type Listed, type ObjectStore } from "./store.ts";

/** LS2001 if there is none. */
export async function filesIn(store: ObjectStore, { scheme, key }: Location, extensions: readonly string[]): Promise<Listed[]> {
  const isData = (name: string): boolean => hasExtension(name, extensions);
  const missing = (message: string): LockstepError => new LockstepError({ code: "LS2001", message });
  if (scheme === "http" || scheme === "https") {
    const file = await store.head(key);
    if (file) return [file];
    throw missing(`${store.url(key)} does not exist: over http and https there are files, but no folders and patterns`);
  }
  const pattern = key.search(/[*?[{]/);
  if (pattern >= 0) {
    const folder = posix.dirname(`${key.slice(0, pattern)}x`).replace(/^\.$/, "");
    const matched = (name: string): boolean => posix.matchesGlob(name, key);
    const below = await committed(store, folder, await store.list(folder), (name) => matched(name) || foldersOf(name).some(matched));
    const files = below.filter(({ key: name }) => {
      // As in a shell a star finds no hidden name; a folder that matches stands for the files of the format below it.
      const shown = name.split("/").every((part, index) => !part.startsWith(".") || (key.split("/")[index] ?? "").startsWith("."));
      return (shown && matched(name)) || (isData(name) && foldersOf(name).some((folder) => matched(folder) && !hidden(name, folder)));
    });
    if (files.length > 0) return files;
    throw missing(`no file matches ${store.url(key)}`);
  }
  if (isData(key)) {
    const file = await store.head(key);
    if (file) return [file];
  }
  const listed = await store.list(key);
  if (listed.length === 0) {
    const file = !isData(key) && key !== "" ? await store.head(key) : undefined;
    if (file) return [file];
    const folder = posix.dirname(key).replace(/^\.$/, "");
    throw missing(`${store.url(key)} does not exist: no "${posix.basename(key)}" in ${store.url(folder)}${didYouMean(posix.basename(key), await store.names(folder))}`);
  }
  if (listed.some(({ key: name }) => posix.dirname(name) === `${key}/metadata` && isMetadata(name))) throw isIceberg(store.url(key));
  const files = (await committed(store, key, listed, () => true)).filter(({ key: name }) => isData(name) && !hidden(name, key));
  if (files.length > 0) return files;
  throw missing(`${store.url(key)} has no ${listedNames(extensions)} file`);
}

/** `a/b/c` → `a`, `a/b`. */
const foldersOf = (key: string): string[] => key.split("/").slice(0, -1).map((_, index, parts) => parts.slice(0, index + 1).join("/"));

const hidden = (key: string, folder: string): boolean => key.slice(folder.length).split("/").some((part) => /^[._]/.test(part));

/** What is visible of a listing: of a folder with a manifest the files that it names, completed where a writer was killed. */
async function committed(store: ObjectStore, root: string, listed: readonly Listed[], concerns: (key: string) => boolean): Promise<Listed[]> {
  const present = new Map(listed.map((file) => [file.key, file]));
  let files = [...listed];
  for (const { key } of listed.filter(({ key }) => posix.basename(key) === manifestName && !hidden(posix.dirname(key), root === "" ? "" : root))) {
    const folder = posix.dirname(key).replace(/^\.$/, "");
    const ofFolder = (name: string): boolean => folder === "" || name.startsWith(`${folder}/`);
    if (!concerns(folder === "" ? key : folder) && !listed.some(({ key: name }) => ofFolder(name) && concerns(name))) continue;
    const found = await readManifest(store, folder);
    if (found === undefined) continue;
    const whole = await complete(store, folder, found.manifest, present);
    files = [...files.filter(({ key: name }) => !ofFolder(name)), ...whole];
  }
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}
