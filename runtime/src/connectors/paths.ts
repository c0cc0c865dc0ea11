import { rmSync } from "node:fs";
import { glob, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean, LockstepError } from "../errors/index.ts";
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
  /** Removes what was fetched of a store, when it has been opened or read. */
  release(): unknown;
}

/** A local path as the file system knows it. */
export function localPath(path: string | URL): string {
  // What a forgotten argument or an unset variable of the environment gives would be the working directory, or a folder "undefined".
  if (path === "" || (typeof path !== "string" && !(path instanceof URL))) {
    throw new LockstepError({ code: "LS2015", message: `a path is a string or a URL, not ${path === "" ? "the empty string" : String(path)}` });
  }
  const text = String(path);
  return text.startsWith("file://") ? fileURLToPath(text) : text;
}

/** The files of an input in name order, those of object stores fetched. LS2001 if there is none. */
export async function openInput(input: InputPath, extensions: readonly string[], options: StoreOptions | undefined): Promise<InputFile[]> {
  const files: InputFile[] = [];
  for (const { name, fetch } of await findInput(input, extensions, options)) {
    const path = await fetch?.();
    files.push({ name, path: path ?? name, release: () => path !== undefined && rmSync(path, { force: true }) });
  }
  return files;
}

/** The names of an input's files; `fetch` brings one of a store to this machine. LS2001 if there is none. */
export async function findInput(input: InputPath, extensions: readonly string[], options?: StoreOptions): Promise<{ name: string; fetch?: () => Promise<string> }[]> {
  const paths = typeof input === "string" || input instanceof URL ? [input] : input;
  if (paths.length === 0) throw new LockstepError({ code: "LS2001", message: "the list of inputs is empty" });
  const files: { name: string; fetch?: () => Promise<string> }[] = [];
  for (const path of paths) {
    if (!isRemote(path)) files.push(...(await filesOf(localPath(path), extensions)).map((name) => ({ name })));
    else files.push(...(await findRemote(path, extensions, options)));
  }
  return files;
}

async function findRemote(url: string | URL, extensions: readonly string[], options: StoreOptions | undefined): Promise<{ name: string; fetch: () => Promise<string> }[]> {
  const [{ openStore }, { filesIn }, { download }] = await Promise.all([import("./store/store.ts"), import("./store/files.ts"), import("./store/download.ts")]);
  const location = parseLocation(url);
  const store = await openStore(location, options);
  return (await filesIn(store, location, extensions)).map((listed) => ({ name: store.url(listed.key), fetch: () => download(store, listed) }));
}

/**
 * The files of a local path in name order. A folder is read recursively for files with one of the extensions; names that
 * start with "." or "_" are skipped. LS2001 if there is none.
 */
async function filesOf(path: string, extensions: readonly string[]): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return [path];
  if (found?.isDirectory()) {
    const files = await filesBelow(path, extensions);
    if (files.length > 0) return files;
    throw new LockstepError({ code: "LS2001", message: `${path} holds no ${extensions.join(" or ")} file` });
  }
  if (found) throw new LockstepError({ code: "LS2001", message: `${path} is neither a file nor a folder` });
  if (/[*?[{]/.test(path)) {
    const files = await globbed(path, extensions);
    if (files.length > 0) return files;
    throw new LockstepError({ code: "LS2001", message: `no file matches ${path}` });
  }
  const siblings = await readdir(dirname(resolve(path))).catch(() => []);
  throw new LockstepError({ code: "LS2001", message: `${path} does not exist${didYouMean(basename(path), siblings)}` });
}

const hidden = (name: string): boolean => name.startsWith(".") || name.startsWith("_");

/** Names in order of UTF-8 bytes: the order in which part files are numbered, whatever the locale. */
const byName = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

async function filesBelow(folder: string, extensions: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (hidden(entry.name)) continue;
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (kind?.isDirectory()) files.push(...(await filesBelow(path, extensions)));
    else if (kind?.isFile() && extensions.includes(extname(entry.name).toLowerCase())) files.push(path);
  }
  return files.sort(byName);
}

async function globbed(pattern: string, extensions: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for await (const path of glob(pattern)) {
    if (path.split(sep).some((part) => /^\.[^.]/.test(part)) && !/(^|\/)\./.test(pattern)) continue;
    if ((await stat(path)).isDirectory()) files.push(...(await filesBelow(path, extensions)));
    else files.push(path);
  }
  return files.sort(byName);
}
