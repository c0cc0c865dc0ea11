/** What writers of files have in common: where rows go, and what becomes of an output that is there. */
import { didYouMean, LockstepError } from "../errors/index.ts";
import { isRemote } from "./store/location.ts";
import type { StoreOptions } from "./store/options.ts";

/** An output that is there: an error ("create", where nothing is said), replaced, added to, or replaced in those folders that the new rows are in. */
export type WriteMode = "create" | "overwrite" | "append" | "overwrite-partitions";

/** Options of writeParquet, writeCsv and writeJsonLines. */
export interface WriteFilesOptions<Row> {
  /** What becomes of an output that is there: an error, where nothing is said; replaced; added to; or replaced in those folders that the new rows are in. */
  readonly mode?: WriteMode;
  /** Columns whose values are the names of folders, `year=2024/month=1`, and stand in no file. */
  readonly partitionBy?: readonly (keyof Row & string)[];
  /** "hash", where nothing is said: rows of a folder are brought to one rank before they are written, or to several where they are many. "none": each rank has a file of each of its rows' folders. */
  readonly distribution?: "hash" | "none";
  /** One file, called as the path, in place of a folder; its rows stand in the table's order. */
  readonly single?: boolean;
  /** Rows of a file at most. */
  readonly fileRows?: number;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** "program": the rows of the files, in name order, stand in the table's order, as they do after orderby(). */
  readonly order?: "program";
}

/** LS2016 for options that contradict each other, LS2015 for one file in an object store. */
export function checkWrite(verb: string, path: string | URL, { mode = "create", partitionBy = [], single = false, fileRows, types = {} }: WriteFilesOptions<never> & { readonly types?: object }, site?: string): void {
  const wrong = (message: string, fix: string): LockstepError => new LockstepError({ code: "LS2016", message: `${verb}: ${message}`, fix, site });
  const folders = mode === "append" || mode === "overwrite-partitions";
  const other = [partitionBy.length > 0 && "partitionBy", fileRows !== undefined && "fileRows", folders && `mode "${mode}"`].find((option) => option !== false);
  if (single && other !== undefined) throw wrong(`one file is written with single, several with ${other}`, "Leave one of the two out.");
  if (mode === "overwrite-partitions" && partitionBy.length === 0) throw wrong('mode "overwrite-partitions" says nothing without partitionBy', 'Name the columns, or write mode: "overwrite".');
  const twice = partitionBy.find((name, index) => partitionBy.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(`partitionBy has "${String(twice)}" twice`, "Name each column once.");
  if (partitionBy.includes("" as never)) throw wrong("partitionBy: a column without a name cannot name folders", "Rename it before.");
  const typed = partitionBy.find((name) => Object.hasOwn(types, name));
  if (typed !== undefined) throw wrong(`types says what "${String(typed)}" is in files, but it names folders, and is in none`, "Leave it out of types.");
  if (single && isRemote(path)) throw new LockstepError({ code: "LS2015", message: `${verb}: single is for files of the machine, ${String(path)} is in an object store`, fix: "Write a folder there, or the file here and copy it.", site });
}

/** LS2016 where the rows have not the columns that name folders, or no others. */
export function checkPartition(partitionBy: readonly string[], columns: readonly string[]): void {
  const unknown = partitionBy.find((name) => !columns.includes(name));
  if (unknown !== undefined) throw new LockstepError({ code: "LS2016", message: `partitionBy: the table has no column "${unknown}"${didYouMean(unknown, columns)}` });
  if (partitionBy.length > 0 && partitionBy.length === columns.length) throw new LockstepError({ code: "LS2016", message: "partitionBy names all columns, and no file would have one" });
}
