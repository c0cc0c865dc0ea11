/** Files of a table while it is written. Their names are new ones, so nobody reads them before the commit names them. */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LockstepError, notWritten } from "../../errors/index.ts";
import { isRemote, parseLocation } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import { openStore } from "../store/store.ts";

const PIECE = 16 << 20;

/** Bytes of a file, whose size is known. */
export async function rangeOf(path: string, start: number, end: number, store: StoreOptions | undefined): Promise<Buffer> {
  if (isRemote(path)) {
    const location = parseLocation(path);
    const found = await (await openStore(location, store)).get(location.key, { start, end });
    if (found?.bytes.length !== end - start) throw new LockstepError({ code: "LS2005", message: `${path} is not as it was written` });
    return Buffer.from(found.bytes);
  }
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(end - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    if (bytesRead < bytes.length) throw new LockstepError({ code: "LS2005", message: `${path} is not as it was written` });
    return bytes;
  } finally {
    await file.close();
  }
}

/** LS2008 where it cannot be made. A store has no folders. */
export async function makeFolder(path: string): Promise<void> {
  if (isRemote(path)) return;
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw notWritten(path, error);
  });
}

/** Writes a file of a new name, durable when it resolves. LS2008 */
export async function put(path: string, bytes: Uint8Array, store: StoreOptions | undefined): Promise<void> {
  if (isRemote(path)) {
    const location = parseLocation(path);
    await (await openStore(location, store)).put(location.key, bytes);
    return;
  }
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw notWritten(path, error);
  }
}

/** Writes a whole file if there is none of its name: one request, or one link, decides. False: there is one. */
export async function putIfAbsent(path: string, bytes: Uint8Array, store: StoreOptions | undefined): Promise<boolean> {
  if (isRemote(path)) {
    const location = parseLocation(path);
    return (await openStore(location, store)).put(location.key, bytes, { absent: true });
  }
  const aside = `${path}.${randomUUID()}.tmp`;
  await put(aside, bytes, store);
  try {
    await link(aside, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw notWritten(path, error);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Writes a small file in place of the one of its name. */
export async function replace(path: string, bytes: Uint8Array, store: StoreOptions | undefined): Promise<void> {
  if (isRemote(path)) return put(path, bytes, store);
  const aside = `${path}.${randomUUID()}.tmp`;
  await put(aside, bytes, store);
  await rename(aside, path);
}

/** Brings a file of this machine to its place in a store. */
export async function upload(from: string, path: string, options: StoreOptions | undefined): Promise<void> {
  const location = parseLocation(path);
  const store = await openStore(location, options);
  const id = await store.begin(location.key);
  try {
    const pieces: string[] = [];
    for await (const bytes of createReadStream(from, { highWaterMark: PIECE })) pieces.push(await store.piece(location.key, id, pieces.length, bytes as Uint8Array));
    if (!(await store.complete(location.key, id, pieces)) && !(await store.head(location.key))) throw new LockstepError({ code: "LS2021", message: `${path}: the upload was given up by the store` });
  } catch (error) {
    await store.abort(location.key, id).catch(() => undefined);
    throw error;
  }
}

/** Removes files and folders, as far as that goes: the error that led here is the one to report. */
export async function removeAll(paths: readonly string[], options: StoreOptions | undefined): Promise<void> {
  const remove = async (path: string): Promise<void> => {
    if (!isRemote(path)) return rm(path, { recursive: true, force: true });
    const location = parseLocation(path);
    const store = await openStore(location, options);
    for (const { key } of await store.list(location.key)) await store.remove(key);
    await store.remove(location.key);
  };
  await Promise.allSettled(paths.map(remove));
}

/** Removes files; those that are gone already, too. Resolves with those that are left. */
export async function removeFiles(paths: readonly string[], options: StoreOptions | undefined): Promise<string[]> {
  const left = await inParts(paths, async (path) => {
    const location = isRemote(path) ? parseLocation(path) : undefined;
    const done = location ? openStore(location, options).then((store) => store.remove(location.key)) : rm(path, { force: true });
    return done.then(() => [], () => [path]);
  });
  return left.flat();
}

/** Removes folders that are empty, the inner ones first. */
export async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) if (!isRemote(folder)) await rmdir(folder).catch(() => undefined);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** So many files are open, or asked for, at a time. */
export const AT_ONCE = 16;

/** Some at a time; of several errors that of the first in the list. */
export async function inParts<T, R>(list: readonly T[], each: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let at = 0; at < list.length; at += AT_ONCE) {
    for (const one of await Promise.allSettled(list.slice(at, at + AT_ONCE).map(each))) {
      if (one.status === "rejected") throw one.reason;
      done.push(one.value);
    }
  }
  return done;
}
