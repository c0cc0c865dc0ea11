import { glob, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { didYouMean, LockstepError } from "../errors/index.ts";

/** What a reader is given: a file, a folder, a glob, or a list of these. */
export type InputPath = string | URL | readonly (string | URL)[];

/** A path as the file system knows it. LS2015 for what is not local. */
export function localPath(path: string | URL): string {
  // What a forgotten argument or an unset variable of the environment gives would be the working directory, or a folder "undefined".
  if (path === "" || (typeof path !== "string" && !(path instanceof URL))) {
    throw new LockstepError({ code: "LS2015", message: `a path is a string or a URL, not ${path === "" ? "the empty string" : String(path)}` });
  }
  const text = String(path);
  if (text.startsWith("file://")) return fileURLToPath(text);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text);
  if (scheme === null) return text;
  throw new LockstepError({
    code: "LS2015",
    message: `${printable(text)}: ${scheme[1]} is not supported, only local files are`,
    fix: "Copy the files to a folder that all ranks see, or mount the store as one.",
  });
}

/** A URL without what may be a secret: user and password, query (signed URLs, tokens), fragment. */
function printable(url: string): string {
  const parsed = URL.parse(url);
  // A password with a slash, as keys of S3 have, ends the host early: then the path holds the rest of it.
  if (parsed === null || (parsed.port !== "" && parsed.pathname.includes("@"))) return `${url.slice(0, url.indexOf("://"))}://…`;
  const { protocol, username, password, host, pathname, search, hash } = parsed;
  return `${protocol}//${username || password ? "…@" : ""}${host}${pathname}${search || hash ? "…" : ""}`;
}

/**
 * The files of an input in name order. A folder is read recursively for files with one of the extensions; names that
 * start with "." or "_" are skipped. LS2001 if there is none.
 */
export async function inputFiles(input: InputPath, extensions: readonly string[]): Promise<string[]> {
  const paths = typeof input === "string" || input instanceof URL ? [input] : input;
  if (paths.length === 0) throw new LockstepError({ code: "LS2001", message: "the list of inputs is empty" });
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesOf(localPath(path), extensions)));
  return files;
}

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
