/** Where a local output will stand: looked at by both executions before anything is written. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { LockstepError, notWritten } from "../errors/index.ts";
import { foldersOf } from "./folders.ts";
import { isHidden, localPath } from "./paths.ts";
import type { WriteMode } from "./write-options.ts";

/** Bytes of an output's name: its hidden sibling's, which is longer, must be one, too. */
const longestName = 200;

/** An output's absolute path. Behind a symbolic link it is what the link points to, which need not be there yet. LS2008, LS2015. */
export function outputPath(path: string | URL): string {
  const given = localPath(path);
  let target = given;
  try {
    for (let links = 0; lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink(); links++) {
      if (links === 40) throw Object.assign(new Error(), { code: "ELOOP" });
      target = resolve(realpathSync(dirname(target)), readlinkSync(target));
    }
  } catch (error) {
    throw notWritten(given, error);
  }
  return target;
}

/**
 * Makes the folders above an output, and refuses one that may not be written: LS2007 where it exists, where overwriting would remove
 * what is no output, and inside of another output, whose reader would read both; LS2008.
 */
export function placeOutput(target: string, mode: WriteMode): void {
  try {
    const found = statSync(target, { throwIfNoEntry: false });
    if (found && !found.isDirectory() && !found.isFile()) throw new LockstepError({ code: "LS2008", message: `cannot write ${target}: it is neither a file nor a folder` });
    if (Buffer.byteLength(basename(target)) > longestName) throw Object.assign(new Error(), { code: "ENAMETOOLONG" });
    // An empty folder (a mount point made beforehand) is no output.
    const names = found?.isDirectory() ? readdirSync(target) : [];
    if (mode === "create" && found && !(found.isDirectory() && names.length === 0)) throw outputExists(target);
    if (found && !found.isDirectory() && adds(mode)) throw isOneFile(target);
    const stranger = names.find((name) => !isOwn(name));
    if (stranger !== undefined) throw holdsStranger(target, stranger);
    keepOut(target);
    makeFolder(dirname(target), target);
  } catch (error) {
    throw notWritten(target, error);
  }
}

/** Refuses new parts in other folders than those of the parts that are there, which no reader would put together. LS2016. */
export function checkFolders(target: string, partitionBy: readonly string[]): void {
  const there = existsSync(target) ? readdirSync(target, { recursive: true, encoding: "utf8" }) : [];
  const part = there.find((name) => formats.some((format) => name.endsWith(`.${format}`)) && !name.split(sep).some(isHidden));
  if (part === undefined) return;
  checkLayout(target, { single: false, partitionBy: [...foldersOf(target, join(target, part)).keys()] }, partitionBy);
}

/** How an output's rows lie in it. */
export interface OutputLayout {
  readonly single: boolean;
  readonly partitionBy: readonly string[];
}

/** As {@link checkFolders}, where it is known how the rows lie there. LS2007 where they are one file. */
export function checkLayout(target: string, { single, partitionBy: folders }: OutputLayout, partitionBy: readonly string[]): void {
  if (single) throw isOneFile(target);
  if (folders.join("\0") === partitionBy.join("\0")) return;
  const said = (columns: readonly string[]): string => (columns.length > 0 ? `in folders of ${columns.join(", ")}` : "in no folders");
  throw new LockstepError({ code: "LS2016", message: `${target} has its rows ${said(folders)}, the new ones would be ${said(partitionBy)}`, fix: "Say the same partitionBy, or write another output." });
}

/** Whether new parts come to those that are there. */
export const adds = (mode: WriteMode): boolean => mode === "append" || mode === "overwrite-partitions";

const formats = ["parquet", "arrow", "csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "jsonl.zst"];
const partNames = formats.map((format) => `part-00000.${format}`);

/** Whether a name in an output is one of its own: a part's, a partition's folder's, a hidden one. */
export const isOwn = (name: string): boolean => isHidden(name) || name.includes("=") || formats.some((format) => name.toLowerCase().endsWith(`.${format}`));

/** The number of a first part behind those in these folders. */
export function nextPart(folders: readonly string[]): number {
  return partBehind(folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" })));
}

/** The number of a first part behind those with these names. */
export const partBehind = (names: readonly string[]): number => names.reduce((next, name) => Math.max(next, 1 + Number(/(?:^|\/)part-(\d+)[^/]*$/.exec(name)?.[1] ?? -1)), 0);

/** Refuses what would lie in an output that is there. LS2007. */
export function keepOut(target: string): void {
  const around = foldersAbove(target).find((folder) => isReadWith(target, folder) && partNames.some((name) => existsSync(join(folder, name))));
  if (around !== undefined) throw liesIn(target, around);
}

/** Refuses an output that contains another of the same call, or lies in one: as if that one was visible already. LS2007. */
export function keepApart(target: string, mode: WriteMode, others: readonly string[]): void {
  const within = others.find((other) => other.startsWith(target + sep));
  if (within !== undefined) throw mode !== "create" ? holdsStranger(target, within.slice(target.length + 1).split(sep)[0]!) : outputExists(target);
  const around = others.find((other) => target.startsWith(other + sep) && isReadWith(target, other));
  if (around !== undefined) throw liesIn(target, around);
}

/** Readers of a folder skip what is hidden there. */
function isReadWith(target: string, folder: string): boolean {
  return !relative(folder, target).split(sep).some(isHidden);
}

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

/** Not `mkdir({ recursive: true })`: below /proc Node's never ends. */
function makeFolder(folder: string, target: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found || lstatSync(folder, { throwIfNoEntry: false })) throw new LockstepError({ code: "LS2008", message: `cannot write ${target}: ${folder} is no folder` });
  makeFolder(dirname(folder), target);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may make it, too.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw notWritten(`${target}: the folder ${folder} cannot be made`, error);
  }
}

function isOneFile(target: string): LockstepError {
  return new LockstepError({ code: "LS2007", message: `${target} is one file, which nothing is added to`, fix: 'Write a folder, or replace the file: mode: "overwrite".' });
}

function outputExists(target: string): LockstepError {
  return new LockstepError({ code: "LS2007", message: `${target} exists` });
}

/** Overwriting removes data: only what looks like an output is removed, never somebody's project folder. */
function holdsStranger(target: string, name: string): LockstepError {
  return new LockstepError({
    code: "LS2007",
    message: `${target} is not an output: it holds "${name}", and overwriting would remove it`,
    fix: "Choose another path, or remove the folder yourself.",
  });
}

function liesIn(target: string, around: string): LockstepError {
  return new LockstepError({ code: "LS2007", message: `${target} lies in the output ${around}, whose readers would read both`, fix: "Write it beside the other." });
}
