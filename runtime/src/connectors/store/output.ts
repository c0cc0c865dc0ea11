/** Plain Node's writes to an object store: the protocol of `manifest.ts`, with one writer. */
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join as joinLocal, posix, relative } from "node:path";
import { LockstepError } from "../../errors/index.ts";
import { adds, isOwn, partBehind } from "../output-place.ts";
import { stage, unstage } from "../staged.ts";
import type { WriteMode } from "../write-options.ts";
import { parseLocation } from "./location.ts";
import { complete, join, manifestName, readManifest, type Manifest, type ManifestFile } from "./manifest.ts";
import type { StoreOptions } from "./options.ts";
import { openStore, type Listed, type ObjectStore } from "./store.ts";

const PIECE = 16 << 20;

/** As `writeOutput` of a local folder: `write` fills a folder of this machine, whose files become the output whole or not at all. */
export async function writeRemoteOutput(url: string | URL, mode: WriteMode, options: StoreOptions | undefined, write: (folder: string, first: number) => Promise<void>): Promise<void> {
  const location = parseLocation(url);
  const store = await openStore(location, options);
  const target = { store, folder: location.key, mode };
  if (location.key === "") throw new LockstepError({ code: "LS2008", message: `${location.root}: an output needs a name of its own` });
  const there = await visible(target);
  if (mode === "create" && there.length > 0) throw exists(target);
  const local = await mkdtemp(joinLocal(tmpdir(), "lockstep-"));
  stage(local);
  const files: ManifestFile[] = [];
  try {
    await write(local, adds(mode) ? partBehind(there.map(({ key }) => key)) : 0);
    const writer = randomUUID();
    for (const name of await filesIn(local)) files.push(await upload(target, joinLocal(local, name), name.replace(/(?=(?:\.\w+)+$)/, `-${writer}`)));
    // An append of nothing.
    if (files.length === 0) return;
    await commit(target, writer, files);
  } catch (error) {
    // Once it may be committed everything stays: readers complete what the manifest names.
    if (!(error instanceof Decided)) await Promise.allSettled(files.map(({ name, upload }) => store.abort(join(location.key, name), upload)));
    throw error;
  } finally {
    await rm(local, { recursive: true, force: true });
    unstage(local);
  }
}

/** The files below a folder, by their names within it. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, joinLocal(entry.parentPath, entry.name))).sort();
}

interface Target {
  readonly store: ObjectStore;
  readonly folder: string;
  readonly mode: WriteMode;
}

/** The error of an output that is committed, or may be. */
class Decided extends LockstepError {}

/** The data files of the folder, a manifest's or not. */
async function visible({ store, folder }: Target): Promise<Listed[]> {
  const listed = await store.list(folder);
  const manifest = listed.find(({ key }) => key === join(folder, manifestName));
  const shown = listed.filter(({ key }) => !/(^|\/)[._]/.test(key.slice(folder.length)));
  return manifest ? [manifest, ...shown] : shown;
}

function exists({ store, folder }: Target): LockstepError {
  return new LockstepError({ code: "LS2007", message: `${store.url(folder)} exists` });
}

async function upload({ store, folder }: Target, file: string, name: string): Promise<ManifestFile> {
  const key = join(folder, name);
  const { size } = await stat(file);
  const upload = await store.begin(key);
  const pieces: string[] = [];
  for await (const bytes of createReadStream(file, { highWaterMark: PIECE })) {
    pieces.push(await store.piece(key, upload, pieces.length, bytes as Uint8Array));
  }
  return { name, bytes: size, upload, pieces };
}

/** LS2007 if somebody's output is there; LS2008 where it stays unknown whether this one is. */
async function commit(target: Target, writer: string, files: readonly ManifestFile[]): Promise<void> {
  const { store, folder, mode } = target;
  for (let attempt = 0; ; attempt++) {
    const found = await readManifest(store, folder);
    if (found?.manifest.writer === writer) break;
    // Ours came first, and has been overwritten since.
    if (found?.manifest.history?.includes(writer)) return;
    const there = (await visible(target)).filter(({ key }) => basename(key) !== manifestName);
    if (mode === "create" && (found !== undefined || there.length > 0)) throw exists(target);
    checkReplaceable(target, there);
    const named = new Map(found?.manifest.files.map((file) => [file.name, file]));
    const shown = there.map(({ key, size }): ManifestFile => ({ name: key.slice(folder.length + 1), bytes: size, upload: "", pieces: [] }));
    // Of a folder without a manifest all is the output's; beside a manifest what it does not name is left over.
    const old = found ? [...named.values()] : shown;
    const written = new Set(files.map(({ name }) => posix.dirname(name)));
    const kept = old.filter(({ name }) => mode === "append" || (mode === "overwrite-partitions" && !written.has(posix.dirname(name))));
    const names = new Set([...shown, ...old].map(({ name }) => name).filter((name) => !kept.some((file) => file.name === name)));
    const replaces = [...names].map((name) => ({ name, ...(named.get(name)?.upload && { upload: named.get(name)!.upload }) }));
    const history = found ? [...(found.manifest.history ?? []), found.manifest.writer].slice(-100) : [];
    const added = adds(mode) ? [...(found?.manifest.added ?? []), ...(found?.manifest.identity ? [found.manifest.identity] : [])].slice(-100) : [];
    const manifest: Manifest = { version: 1, writer, files: [...kept, ...files], replaces, history, ...(added.length > 0 && { added }) };
    try {
      // False may mean that an earlier request of ours did it and its answer was lost: the next round sees.
      await store.put(join(folder, manifestName), new TextEncoder().encode(`${JSON.stringify(manifest)}\n`), found ? { tag: found.tag } : { absent: true });
    } catch (error) {
      if (attempt < 3) continue;
      throw new Decided({ code: "LS2008", message: `${store.url(folder)}: whether it is committed is not known (${(error as Error).message}); its files are kept`, cause: error });
    }
  }
  await finish(target, writer).catch((error: unknown) => {
    const message = `${store.url(folder)} is committed, and its next reader makes its files visible: here that failed (${(error as Error).message})`;
    throw new Decided({ code: "LS2008", message, cause: error });
  });
}

/** After the decision: files appear, what they replace goes. */
async function finish({ store, folder }: Target, writer: string): Promise<void> {
  const found = await readManifest(store, folder);
  // Somebody has overwritten it since: theirs is the output now.
  if (found?.manifest.writer !== writer) return;
  try {
    await complete(store, folder, found.manifest, new Map());
  } catch (error) {
    // An upload that another writer has given up since is no failure of this one.
    if ((await readManifest(store, folder))?.manifest.writer !== writer) return;
    throw error;
  }
  for (const { name, upload } of found.manifest.replaces) {
    if (upload) await store.abort(join(folder, name), upload).catch(() => undefined);
    await store.remove(join(folder, name)).catch(() => undefined);
  }
}

/** Overwriting removes data: only what looks like an output is removed. */
function checkReplaceable({ store, folder }: Target, there: readonly Listed[]): void {
  const stranger = there.find(({ key }) => !isOwn(key.slice(folder.length + 1)));
  if (stranger === undefined) return;
  throw new LockstepError({
    code: "LS2007",
    message: `${store.url(folder)} is not an output: it holds "${stranger.key.slice(folder.length + 1)}", and overwriting would remove it`,
    fix: "Choose another path, or remove the objects yourself.",
  });
}
