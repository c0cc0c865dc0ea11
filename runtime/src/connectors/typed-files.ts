/** Files that say their columns' types, as one table: Parquet and Arrow IPC. */
import { readSync } from "node:fs";
import { openAs } from "../errors/fixes.ts";
import { didYouMean, LockstepError } from "../errors/index.ts";
import { isWhole, printType, sameType, type ArrowType } from "../tables/arrow-type.ts";
import { Column, viewOf, type Stored, type StoredValues } from "../tables/column.ts";
import { commonType, valuesAs } from "../tables/common-type.ts";
import type { View } from "../tables/js-view.ts";
import { Table } from "../tables/table.ts";
import { filesDiffer, missing } from "./different-files.ts";
import { folderColumns } from "./folders.ts";
import type { InputFile } from "./paths.ts";

export interface TypedFile {
  readonly name: string;
  readonly rows: number;
  /** What a column is; undefined: the file lacks it. */
  typeOf(column: string): ArrowType | undefined;
  read(column: string, type: ArrowType): StoredValues;
}

/**
 * The table of files that together have the columns `names`, found by name. A file that lacks one has null there, and where their
 * types differ the column has a common one. Values are read when they are first looked at. LS2002
 */
export function tableOf(inputs: readonly InputFile[], files: readonly TypedFile[], names: Iterable<string>, types: Readonly<Record<string, View | undefined>> | undefined): Table<never> {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  // Rows of a server are in no folders.
  const folders = inputs.length === 0 ? new Map<string, Column>() : folderColumns(inputs, files.map((file) => file.rows), types);
  const columns = new Map<string, Column>();
  for (const name of names) {
    if (folders.has(name)) continue;
    const { type, different } = typeInAll(name, files, inputs.length === 0);
    const load = (): StoredValues => {
      if (different) throw different; // Here, because files may differ in what the program never looks at.
      return concat(files.map((file) => read(file, name, type)), rows);
    };
    const origin = `the column "${name}" of ${files.length === 1 ? files[0]!.name : `${files.length} files (${files[0]!.name}, …)`}`;
    columns.set(name, new Column(type, rows, load, { view: viewAs(types && Object.hasOwn(types, name) ? types[name] : undefined, type, origin), origin, remedy: exactly(type, name) }));
  }
  for (const [name, column] of folders) columns.set(name, column);
  for (const name of Object.keys(types ?? {})) {
    if (!columns.has(name)) throw new LockstepError({ code: "LS2002", message: `types: ${files[0]!.name} has no column "${name}"${didYouMean(name, columns.keys())}` });
  }
  return new Table(columns, rows);
}

/** The names of all files' columns, those of the first file first. */
export const namesOf = (files: readonly { readonly columns: ReadonlyMap<string, unknown> }[]): Set<string> => new Set(files.flatMap(({ columns }) => [...columns.keys()]));

/**
 * What a column is in all files that have it. `different`: LS2002, where JavaScript sees different things in them. `parts`: of one
 * result, which all have it, of one type; texts may be dictionaries in some.
 */
export function typeInAll(name: string, files: readonly TypedFile[], parts = false): { readonly type: ArrowType; readonly different?: LockstepError } {
  let type: ArrowType | undefined;
  let first: TypedFile | undefined;
  for (const file of files) {
    const found = file.typeOf(name);
    if ((found === undefined && !parts) || (found !== undefined && found === type)) continue;
    first ??= file;
    const common: ArrowType | undefined = found && type && (!parts || isOneKind(type, found)) ? commonType(type, found) : undefined;
    if (common === undefined && first !== file) {
      const own = first.typeOf(name);
      const print = (one: ArrowType | undefined): string => (one === undefined ? missing : printType(one));
      return { type: (own ?? found)!, different: filesDiffer(first.name, file.name, [{ column: name, found: print(found), first: print(own) }]) };
    }
    type = common ?? found;
  }
  return { type: type! };
}

const isOneKind = (a: ArrowType, b: ArrowType): boolean => sameType(a, b) || (viewOf(a) === "string" && viewOf(b) === "string");

/** The values of a column in a file, of its type in all files. */
function read(file: TypedFile, name: string, type: ArrowType): StoredValues {
  const own = file.typeOf(name);
  if (own === undefined) return new Array<Stored>(file.rows).fill(null);
  return valuesAs(file.read(name, own), own, type, `the column "${name}" of ${file.name}`);
}

export function concat(parts: readonly StoredValues[], rows: number): StoredValues {
  const given = parts.reduce((sum, part) => sum + part.length, 0);
  if (given !== rows) throw new Error(`a column has ${given} values, the file says ${rows}`);
  if (parts.length === 1) return parts[0]!;
  const out = parts.every((part) => part instanceof Float64Array) ? new Float64Array(rows) : new Array<Stored>(rows);
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) out[at++] = part[i]! as number;
  return out;
}

/** What a program does about integers that a number cannot hold. */
export function exactly(type: ArrowType, name: string): string | undefined {
  if (isWhole(type)) return openAs("bigint", name);
  return type.id === "list" && type.of.id === "int" ? openAs("bigint[]", name) : undefined;
}

export function viewAs(wanted: View | undefined, type: ArrowType, origin: string): View {
  const standard = viewOf(type);
  if (wanted === undefined || wanted === standard) return standard;
  if (wanted === "bigint" && isWhole(type)) return "bigint";
  if (wanted === "bigint[]" && type.id === "list" && type.of.id === "int") return "bigint[]";
  throw new LockstepError({
    code: "LS2002",
    message: `types: ${origin} is ${printType(type)}, which cannot be seen as ${wanted}`,
    fix: standard === "none" ? "Leave the column out." : `Say "${standard}", or leave it out of \`types\`.`,
  });
}

/** LS2005 for whatever reading a file throws. */
export function orCorrupt<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw corrupt(name, error instanceof Error ? error.message : String(error), error);
  }
}

/** What does not know the file's name says it. */
export function sayingFile<T>(name: string, read: () => T): T {
  return orCorrupt(name, () => {
    try {
      return read();
    } catch (error) {
      if (error instanceof LockstepError && error.code === "LS2015") throw new LockstepError({ ...error.toJSON(), message: `${name}: ${error.message}` });
      throw error;
    }
  });
}

export function corrupt(name: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError({ code: "LS2005", message: `${name} is damaged or not complete: ${reason}`, cause });
}

/** Bytes of an open file; throws where it ends before. */
export function sliceOf(descriptor: number): (start: number, end: number) => Uint8Array {
  return (start, end) => {
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(descriptor, bytes, at, bytes.length - at, start + at);
      if (count === 0) throw new Error("the file ends before its data");
      at += count;
    }
    return bytes;
  };
}
