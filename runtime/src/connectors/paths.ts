import { readlinkSync, rmSync, statSync } from "node:fs";
// By its default: Node 20, which has no glob, is told so by the entries.
import promises, { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean, LockstepError, systemReason } from "../errors/index.ts";
import { foldersOf, rootOf, type Folders } from "./folders.ts";
import { isRemote, parseLocation } from "./store/location.ts";
import type { StoreOptions } from "./store/options.ts";

/** What a reader is given: a file, a folder, a glob, or a list of these. */
export type InputPath = string | URL | readonly (string | URL)[];

/** A file of an input. */
export interface InputFile {
  /** As it is printed. */
  readonly name: string;
  /** Where its bytes are, on this machine. */
  readonly path: string;
  /** What the folders between the path that was given and the file say of its rows. */
  readonly folders: Folders;
  /** Removes what was fetched of a store, when it has been opened or read. */
  release(): unknown;
}

/** A local path as the file system knows it, absolute. LS2015 */
export function localPath(path: string | URL): string {
  // What a forgotten argument or an unset variable of the environment gives would be the working directory, or a folder "undefined".
  if (path === "" || (typeof path !== "string" && !(path instanceof URL))) {
    throw new LockstepError({ code: "LS2015", message: `a path is a string or a URL, not ${path === "" ? "the empty string" : String(path)}`, fix: "See to the program's arguments, or to the variable of the environment that holds it." });
  }
  // Half of a surrogate pair is U+FFFD in a file's name, which is UTF-8.
  const text = String(path).toWellFormed();
  if (path instanceof URL && path.protocol !== "file:") {
    throw new LockstepError({ code: "LS2015", message: `${path.protocol} is not supported; s3://, gs://, az://, https:// and local files are` });
  }
  if (text.includes("\0")) throw new LockstepError({ code: "LS2015", message: `the path ${JSON.stringify(text)} holds a NUL character` });
  if (!text.startsWith("file://")) return resolve(text);
  try {
    return fileURLToPath(text);
  } catch (error) {
    throw new LockstepError({ code: "LS2015", message: `${text} is the URL of no local file: ${(error as Error).message}`, cause: error });
  }
}

/** The files of an input in name order, those of object stores fetched. LS2001 if there is none. */
export async function openInput(input: InputPath, extensions: readonly string[], options: StoreOptions | undefined): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const { name, folders, fetch } of await findInput(input, extensions, options)) {
    const path = await fetch?.();
    files.push({ name, path: path ?? name, folders, release: () => path !== undefined && rmSync(path, { force: true }) });
  }
  return files;
}

/** The names of an input's files; `fetch` brings one of a store to this machine. LS2001 if there is none. */
export async function findInput(input: InputPath, extensions: readonly string[], options?: StoreOptions): Promise<Found[]> {
  const paths = Array.isArray(input) ? input as readonly (string | URL)[] : [input as string | URL];
  if (paths.length === 0) throw new LockstepError({ code: "LS2001", message: "no input path was given" });
  const files: Found[] = [];
  for (const path of paths) {
    if (!isRemote(path)) files.push(...(await localFiles(localPath(path), extensions)));
    else files.push(...(await findRemote(path, extensions, options)));
  }
  return files;
}

interface Found {
  readonly name: string;
  readonly folders: Folders;
  readonly fetch?: () => Promise<string>;
}

async function localFiles(path: string, extensions: readonly string[]): Promise<Found[]> {
  const names = await filesOf(path, extensions);
  const root = statSync(path, { throwIfNoEntry: false }) ? path : rootOf(path);
  return names.map((name) => ({ name, folders: foldersOf(root, name) }));
}

async function findRemote(url: string | URL, extensions: readonly string[], options: StoreOptions | undefined): Promise<Found[]> {
  const [{ openStore }, { filesIn }, { download }] = await Promise.all([import("./store/store.ts"), import("./store/files.ts"), import("./store/download.ts")]);
  const location = parseLocation(url);
  const store = await openStore(location, options);
  return (await filesIn(store, location, extensions)).map((listed) => ({ name: store.url(listed.key), folders: foldersOf(/[*?[{]/.test(location.key) ? rootOf(location.key) : location.key, listed.key), fetch: () => download(store, listed) }));
}

/**
 * The files of a local path in name order. A folder is read recursively for files with one of the extensions; names that
 * start with "." or "_" are skipped. LS2001 if there is none.
 */
async function filesOf(path: string, extensions: readonly string[]): Promise<string[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" && !isPattern(path)) throw notRead(path, error);
  });
  if (found?.isFile()) return [path];
  if (found?.isDirectory()) {
    if ((await readdir(join(path, "metadata")).catch(() => [])).some(isMetadata)) throw isIceberg(path);
    const files = await filesBelow(path, extensions);
    if (files.length > 0) return files;
    throw new LockstepError({ code: "LS2001", message: `${path} has no ${listed(extensions)} file` });
  }
  if (found) throw new LockstepError({ code: "LS2001", message: `${path} is neither a file nor a folder` });
  if (isPattern(path)) {
    const files = await globbed(path, extensions);
    if (files.length > 0) return files;
    throw new LockstepError({ code: "LS2001", message: `no file matches ${path}` });
  }
  refuseDangling(path);
  throw await notFound(path);
}

/** Of a file in an Iceberg table's folder `metadata`. */
export const isMetadata = (name: string): boolean => name.endsWith(".metadata.json");

/** LS2018 for the folder of a table whose metadata say which of its files count. */
export function isIceberg(path: string): LockstepError {
  return new LockstepError({ code: "LS2018", message: `${path} is an Iceberg table, in whose folder are files that do not belong to it now; readIceberg reads the table` });
}

/** Those of compressed files left out. */
export const listed = (extensions: readonly string[]): string => extensions.filter((extension) => extension.lastIndexOf(".") === 0).join(" or ");

/** Whether a file's name ends as one of a format, whatever the case. */
export const hasExtension = (name: string, extensions: readonly string[]): boolean => extensions.some((extension) => name.toLowerCase().endsWith(extension));

const isPattern = (path: string): boolean => /[*?[{]/.test(path);

/** LS2001 for a symbolic link whose target is not there: its own name would be the nearest to what was meant. */
export function refuseDangling(path: string): void {
  let target: string;
  try {
    if (statSync(path, { throwIfNoEntry: false })) return;
    target = readlinkSync(path);
  } catch {
    return; // No link, or what else is wrong with it.
  }
  throw new LockstepError({ code: "LS2001", message: `${path} is a symbolic link to ${target}, which does not exist` });
}

/** LS2001 for what is open in one process alone: on several ranks each opens an input by itself. */
export function refuseOwn(path: string): void {
  if (!/^\/dev\/(stdin|fd\/)|^\/proc\/(self|\d+)\/fd\//.test(path)) return;
  throw new LockstepError({ code: "LS2001", message: `${path} is open in one process alone, and each rank reads its own part of an input`, fix: "Give the path of a file that all ranks see." });
}

/** The deepest part that exists is where the mistake is: its neighbours are the near misses. */
async function notFound(path: string): Promise<LockstepError> {
  let wrong = path;
  while (!(await stat(dirname(wrong)).catch(() => undefined))?.isDirectory()) wrong = dirname(wrong);
  const name = basename(wrong);
  const siblings = await readdir(dirname(wrong)).catch(() => []);
  return new LockstepError({ code: "LS2001", message: `${path} does not exist: no "${name}" in ${dirname(wrong)}${didYouMean(name, siblings)}` });
}

function notRead(path: string, error: NodeJS.ErrnoException): LockstepError {
  return new LockstepError({ code: "LS2001", message: `cannot read ${path}: ${systemReason(error)}`, cause: error });
}

/** What `open` gives of a file that was found. LS2001 where the system refuses it. */
export function orUnreadable<T>(name: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw notRead(name, error as NodeJS.ErrnoException);
  }
}

/** What readers of a folder skip. */
export const isHidden = (name: string): boolean => name.startsWith(".") || name.startsWith("_");

/** Names in order of UTF-8 bytes: the order in which part files are numbered, whatever the locale. */
const byName = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** `inside`: the folders it stands in, by their real paths; a link to one of these is not followed. */
async function filesBelow(folder: string, extensions: readonly string[], inside: readonly string[] = []): Promise<string[]> {
  const real = await realpath(folder);
  if (inside.includes(real)) return [];
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isHidden(entry.name)) continue;
    const path = join(folder, entry.name);
    const data = hasExtension(entry.name, extensions);
    const kind = entry.isSymbolicLink() ? await stat(path).catch((error: NodeJS.ErrnoException) => data && Promise.reject(notRead(path, error))) : entry;
    if (kind && kind.isDirectory()) files.push(...(await filesBelow(path, extensions, [...inside, real])));
    else if (kind && kind.isFile() && data) files.push(path);
  }
  return files.sort(byName);
}

async function globbed(pattern: string, extensions: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for await (const path of promises.glob(pattern)) {
    if (path.split(sep).some((part) => /^\.[^.]/.test(part)) && !/(^|\/)\./.test(pattern)) continue;
    const kind = await stat(path).catch((error: NodeJS.ErrnoException) => Promise.reject(notRead(path, error)));
    if (kind.isDirectory()) files.push(...(await filesBelow(path, extensions)));
    // A pipe or a socket would be waited for.
    else if (kind.isFile()) files.push(path);
  }
  return files.sort(byName);
}
