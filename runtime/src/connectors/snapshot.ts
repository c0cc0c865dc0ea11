/**
 * Schema snapshots: a source's columns written down as TypeScript, so that the build checks a program against them, and
 * compared with the data later, so that what changed there is known before a job runs into it.
 *
 * The file is generated and read back by its shape: it is never executed. But a source of a program is looked at by loading
 * the program's module, which the file names: by `pull`, and by `check` where it is below the folder or its snapshot is named.
 */
import { innermost, isNested, printType, type ArrowType } from "../tables/arrow-type.ts";
import { viewOf } from "../tables/column.ts";
import type { CatalogOptions } from "./iceberg/catalog.ts";
import type { SourceColumn } from "./source-column.ts";
import type { StoreOptions } from "./store/options.ts";

const readers = ["readParquet", "readArrow", "readCsv", "readJsonLines", "readIceberg", "readPostgres", "readFlightSql", "readSnowflake", "readAdbc", "readSource"] as const;
export type SchemaReader = (typeof readers)[number];

/** What programs name a source by, and whose row then needs no annotation. */
const declaration = (literal: string, name: string): string[] => ['declare module "@lockstep/runtime" {', "  interface Sources {", `    ${json(literal)}: ${name};`, "  }", "}"];

/** What was looked at, and how: all that it takes to look again. */
export interface SnapshotSource {
  readonly reader: SchemaReader;
  /** Relative to the snapshot's file; of a database or a catalog the table, or a query; of a source of a program its module and what that exports: "tickets.ts#tickets". */
  readonly path: string;
  /** Of a database, where the environment does not say it. */
  readonly url?: string;
  /** Of Iceberg: the catalog that has the table. */
  readonly catalog?: CatalogOptions;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  readonly delimiter?: string;
  /** Of CSV: false where the first line has no names. */
  readonly header?: boolean;
  /** Of CSV: which texts are null. */
  readonly nulls?: readonly string[];
  /** What a source of a program is given. */
  readonly options?: unknown;
}

/** `columns` are Arrow's printed types, with "| null" where there may be one. */
export interface Snapshot extends SnapshotSource {
  /** Of the interface. */
  readonly name: string;
  readonly columns: ReadonlyMap<string, string>;
}

const BEGIN = "// lockstep schema: ";

/**
 * The text of a snapshot's file: an interface named `name`, what says that it is the row of the source that a program calls `literal`, and the exact types
 * in one line of JSON. `literal` is null where programs name the source by no text.
 */
export function printSnapshot(name: string, literal: string | null, source: SnapshotSource, columns: readonly SourceColumn[]): string {
  const { reader } = source;
  return [
    "// Written by `npx lockstep schema pull`, compared with the data by `npx lockstep schema check`: not to be edited.",
    `${BEGIN}${json({ ...source, columns: columns.map((column) => [column.name, printColumn(column)]) })}`,
    "",
    `/** A row of ${reader}(…). */`,
    `export interface ${name} {`,
    ...columns.map((column) => `  ${memberLine(reader, column)}`),
    "}",
    "",
    ...(literal === null ? [] : [`/** ${reader}(${json(literal).replaceAll("*/", "*\\/")}), where this file is imported. */`, ...declaration(literal, name), ""]),
  ].join("\n");
}

/** Null: not a snapshot. */
export function readSnapshot(text: string): Snapshot | null {
  const line = text.split("\n").find((l) => l.startsWith(BEGIN));
  const [, name] = /^export interface (\S+) \{$/m.exec(text) ?? [];
  if (line === undefined || name === undefined) return null;
  try {
    const said = JSON.parse(line.slice(BEGIN.length)) as Record<string, unknown>;
    const reader = readers.find((name) => name === said.reader);
    const { path, columns, options } = said;
    if (reader === undefined || typeof path !== "string" || !Array.isArray(columns) || !columns.every(isColumn)) return null;
    const has = <T>(key: string, is: (value: unknown) => value is T): Record<string, T> => (is(said[key]) ? { [key]: said[key] } : {});
    const texts = { ...has("url", isText), ...has("delimiter", isText), ...has("nulls", isTexts), ...has("header", isBoolean) };
    return { name, reader, path, ...texts, ...has("catalog", isRecord), ...has("store", isRecord), ...(options !== undefined && { options }), columns: new Map(columns) };
  } catch {
    return null;
  }
}

const isColumn = (c: unknown): c is [string, string] => Array.isArray(c) && c.length === 2 && c.every((part) => typeof part === "string");
const isText = (value: unknown): value is string => typeof value === "string";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
/** What is in it the readers check, as of a program's. */
const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((text) => typeof text === "string");

/** What changed, a line each; nothing when programs built with the snapshot read the data as before. */
export function drift({ columns: before }: Snapshot, now: readonly SourceColumn[]): string[] {
  const found = new Map(now.map((column) => [column.name, printColumn(column)]));
  const width = Math.max(0, ...[...before.keys(), ...found.keys()].map((name) => shown(name).length));
  const line = (sign: string, name: string, type: string, says: string) => `  ${sign} ${shown(name).padEnd(width)}  ${type.padEnd(24)}  ${says}`.trimEnd();
  const lines: string[] = [];
  for (const [name, type] of before) {
    const other = found.get(name);
    if (other === undefined) lines.push(line("-", name, type, "is gone"));
    // Nulls that are not there today may come back tomorrow.
    else if (other !== type && `${other}${NULL}` !== type) lines.push(line("-", name, type, ""), line("+", name, other, `${type}${NULL}` === other ? "has nulls now" : "has another type"));
  }
  for (const [name, type] of found) if (!before.has(name)) lines.push(line("+", name, type, "is new"));
  return lines;
}

const NULL = " | null";
const printColumn = ({ type, nullable }: SourceColumn): string => `${printType(type)}${nullable ? NULL : ""}`;

function memberLine(reader: Snapshot["reader"], column: SourceColumn): string {
  const seen = typeScriptType(column.type, isBigint(reader, column));
  // A file's text (a time zone) in a comment: what would end the line is written as its code.
  const exact = printColumn(column).replace(NULL, "").replace(/[\0-\x1f\u2028\u2029]/g, (c) => json(c).slice(1, -1));
  if (seen === null) return `// ${shown(column.name)}: ${exact} has no TypeScript type yet${reader === "readPostgres" ? `; string, with types: { ${shown(column.name)}: "string" }` : ""}`;
  return `${shown(column.name)}: ${seen}${column.nullable ? NULL : ""}; // ${exact}`;
}

/** Whether numbers cannot hold a column's integers. Of text no other is int64; of files that count, their bounds say it. */
export const isBigint = (reader: Snapshot["reader"], { type, large }: SourceColumn): boolean => innermost(type).id === "int" && (isTextual(reader) || large === true);

/** Formats whose columns are what their values are. */
const isTextual = (reader: Snapshot["reader"]): boolean => reader === "readCsv" || reader === "readJsonLines";

/** Null: no interface can name the column. A column without any value has no type to write down. Of lists and structs nobody counts the nulls inside. */
function typeScriptType(type: ArrowType, isBigint: boolean): string | null {
  if (type.id === "struct") {
    const members = type.fields.map((field) => ({ name: field.name, type: typeScriptType(field.type, false) }));
    return members.some((member) => member.type === null) ? null : `{ ${members.map((member) => `${shown(member.name)}: ${member.type} | null`).join("; ")} }`;
  }
  if (type.id === "list" && type.map && type.of.id === "struct") {
    // Entries are there, and so are their keys.
    const [key, value] = type.of.fields.map((field) => typeScriptType(field.type, false));
    return key && value ? `{ key: ${key}; value: ${value} | null }[]` : null;
  }
  if (type.id === "list" && isNested(type.of)) {
    const element = typeScriptType(type.of, isBigint);
    return element && `(${element} | null)[]`;
  }
  const view = innermost(type).id === "null" ? "none" : viewOf(type);
  if (view === "none") return null;
  if (type.id === "list") return `(${typeScriptType(type.of, isBigint)} | null)[]`;
  return isBigint ? "bigint" : view === "date" ? "Date" : view;
}

/** JSON that is one line for JavaScript, too. */
const json = (value: unknown): string => JSON.stringify(value).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name);
const shown = (name: string): string => (isIdentifier(name) ? name : json(name));
