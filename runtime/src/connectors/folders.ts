/**
 * Folders that say what their rows have in columns that no file has: `year=2024/month=1`, as Hive names them. The ranks have the
 * same in `native-rs/crates/connectors/src/files/folders.rs`.
 */
import { sep } from "node:path";
import { openAs } from "../errors/fixes.ts";
import { LockstepError } from "../errors/index.ts";
import { nothing, ticksPerSecond } from "../tables/arrow-type.ts";
import { Column, type Stored } from "../tables/column.ts";
import { filesDiffer, missing } from "./different-files.ts";
import type { InputFile } from "./paths.ts";
import { printValue } from "./text/print.ts";
import { inferenceOrder, textTypes, type TextType } from "./text/types.ts";

/** Null, as Hive, Spark and all others call it. */
const nullName = "__HIVE_DEFAULT_PARTITION__";
/** What Hive escapes: what has a meaning in paths and patterns. */
const special = /[\x00-\x1f\x7f"#%'*/:=?\\{[\]^]/g;

/** Columns and what a folder says of them, the text of a value or null. */
export type Folders = ReadonlyMap<string, string | null>;

/** What the folders between `root` and a file say. */
export function foldersOf(root: string, path: string): Folders {
  const names = path.startsWith(root) ? path.slice(root.length).split(sep).slice(0, -1) : [];
  const pairs = names.filter((name) => name.indexOf("=") > 0).map((name) => [name.slice(0, name.indexOf("=")), name.slice(name.indexOf("=") + 1)] as const);
  return new Map(pairs.map(([key, value]) => [unescaped(key), value === nullName ? null : unescaped(value)]));
}

/** Where a pattern begins to be one: what stands before it is the folder that was given. */
export const rootOf = (pattern: string): string => /^[^*?[{]*\//.exec(pattern)?.[0] ?? "";

/** The folder of a row's values. LS2015: a type without a text form, an instant within a millisecond. */
export function folderNames(columns: readonly (readonly [name: string, column: Column])[]): (row: number) => string {
  const parts = columns.map(([name, column]) => {
    const key = escaped(name, /^[._]/.test(name));
    const print = printValue(column, "a folder's name");
    const short = column.type.id === "timestamp" ? shortInstant(name, column.type, print) : print;
    return (row: number): string => {
      const value = column.values[row]!;
      if (value === null) return `${key}=${nullName}`;
      const text = short(value);
      return `${key}=${escaped(text, text === nullName)}`;
    };
  });
  return (row) => parts.map((part) => part(row)).join("/");
}

/** The folder of rows that have null in all columns. */
export const nullFolder = (columns: readonly string[]): string => columns.map((name) => `${escaped(name, /^[._]/.test(name))}=${nullName}`).join("/");

/** An instant at midnight is its day. */
function shortInstant(name: string, { unit }: { readonly unit: keyof typeof ticksPerSecond }, print: (value: Exclude<Stored, null>) => string): (value: Exclude<Stored, null>) => string {
  const perMillisecond = BigInt(Math.max(ticksPerSecond[unit] / 1000, 1));
  return (value) => {
    if (BigInt(value as number | bigint) % perMillisecond !== 0n) {
      throw new LockstepError({ code: "LS2015", message: `column ${name} has an instant within a millisecond, which a folder's name does not say`, fix: "Derive the day, or another column, and partition by it." });
    }
    return print(value).replace(/T00:00:00\.000Z$/, "");
  };
}

const hex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

/** `hidden`: the first character is escaped, too. */
const escaped = (text: string, hidden: boolean): string => (hidden ? hex(text[0]!) : "") + text.slice(hidden ? 1 : 0).replace(special, hex);

/** `%2F` → `/`, of UTF-8. */
function unescaped(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let at = 0; at < source.length; at++) {
    const digits = source[at] === 0x25 ? source.toString("latin1", at + 1, at + 3) : "";
    const isEscape = /^[0-9a-fA-F]{2}$/.test(digits);
    bytes.push(isEscape ? Number.parseInt(digits, 16) : source[at]!);
    if (isEscape) at += 2;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/**
 * The columns that the folders of all files say, typed as those of CSV: by `types`, else by what all values are. `rows`: of each
 * file. LS2002: the files are not in folders of the same columns; LS2006, LS2004: a value that is none of its type.
 */
export function folderColumns(files: readonly InputFile[], rows: readonly number[], types: Readonly<Record<string, string | undefined>> = {}): Map<string, Column> {
  const [first, ...others] = files;
  const names = [...first!.folders.keys()];
  const different = others.find(({ folders }) => [...folders.keys()].join("/") !== names.join("/"));
  if (different) throw foldersDiffer(first!, different);
  const total = rows.reduce((sum, count) => sum + count, 0);
  return new Map(names.map((name) => {
    const texts = files.map(({ folders }) => folders.get(name) ?? null);
    const origin = `the folders ${name}=… of ${first!.name}`;
    const said = Object.hasOwn(types, name) ? (types[name] as TextType | undefined) : undefined;
    const present = texts.filter((text) => text !== null);
    // Nulls alone say nothing of the type.
    const type = said ?? (present.length === 0 ? undefined : inferenceOrder.find((type) => present.every((text) => textTypes[type].parse(text) !== undefined))!);
    const values = new Array<Stored>(total).fill(null);
    if (type === undefined) return [name, new Column(nothing, total, values, { view: "number", origin })];
    const rule = textTypes[type];
    let row = 0;
    for (const [index, text] of texts.entries()) {
      const value = text === null ? null : rule.parse(text);
      const says = `${files[index]!.name}: its folder says "${text}" for the column ${name}`;
      if (value === undefined) throw new LockstepError({ code: "LS2006", message: `${says}, which is not ${rule.described}`, fix: openAs("string", name) });
      if (text !== null && value !== null && rule.loses?.(text, value)) throw new LockstepError({ code: "LS2004", message: `${says}, an integer past ±2^53 that a number cannot hold exactly`, fix: openAs("bigint", name) });
      values.fill(value, row, row + rows[index]!);
      row += rows[index]!;
    }
    return [name, new Column(rule.type, total, values, { view: rule.view, origin })];
  }));
}

function foldersDiffer(first: InputFile, other: InputFile): LockstepError {
  const names = [...new Set([...first.folders.keys(), ...other.folders.keys()])];
  const has = ({ folders }: InputFile, name: string): string => (folders.has(name) ? "string" : missing);
  const differing = names.filter((name) => has(first, name) !== has(other, name));
  if (differing.length === 0) return new LockstepError({ code: "LS2002", message: `${other.name} is in folders of other columns than ${first.name}` });
  return filesDiffer(first.name, other.name, differing.map((column) => ({ column, found: has(other, column), first: has(first, column) })));
}
