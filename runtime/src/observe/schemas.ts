/** `lockstep schema`: snapshots of sources pulled and checked. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { describeAdbc } from "../connectors/adbc/read.ts";
import { arrowNames, describeArrow } from "../connectors/arrow/read.ts";
import { csvNames, describeCsv } from "../connectors/csv/read.ts";
import { describeFlightSql } from "../connectors/flight/read.ts";
import { isTable } from "../connectors/iceberg/paths.ts";
import { describeIceberg } from "../connectors/iceberg/read.ts";
import { describeJsonLines, jsonLinesNames } from "../connectors/json/read.ts";
import { describeParquet } from "../connectors/parquet/read.ts";
import { describePostgres } from "../connectors/postgres/read.ts";
import { describeSnowflake } from "../connectors/snowflake/read.ts";
import { findInput } from "../connectors/paths.ts";
import { drift, isBigint, printSnapshot, readSnapshot, type SchemaReader, type Snapshot } from "../connectors/snapshot.ts";
import type { SourceColumn } from "../connectors/source-column.ts";
import { isRemote } from "../connectors/store/location.ts";
import { LockstepError } from "../errors/index.ts";

export interface PullOptions {
  /** Of a database. */
  readonly table?: string;
  readonly out?: string;
  readonly name?: string;
  readonly delimiter?: string;
  readonly nulls?: readonly string[];
}

/** Writes the snapshot of a source and says so in a line. LS2001, LS2002, LS2005, LS2006, LS2007, LS2016, LS2018. */
export async function pull(path: string, options: PullOptions): Promise<string> {
  const { table } = options;
  const database = databaseOf(path);
  const reader = database ?? (await readerOf(path));
  if ((database !== undefined) !== (table !== undefined)) throw new LockstepError({ code: "LS2016", message: "a database has tables: name one", fix: "npx lockstep schema pull postgres://host/database schema.table" });
  const stem = table === undefined ? stemOf(path) : tableStem(table);
  const out = options.out ?? `${stem}.schema.ts`;
  if (existsSync(out) && readSnapshot(readFileSync(out, "utf8")) === null) {
    throw new LockstepError({ code: "LS2007", message: `${out} exists and was not written by lockstep schema pull`, fix: "Name another file with --out." });
  }
  const name = options.name ?? interfaceName(basename(out).replace(/(\.schema)?\.\w+$/, ""));
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) throw new LockstepError({ code: "LS2016", message: `${JSON.stringify(name)} is no name for an interface` });
  const source = { reader, path: table ?? fromFile(out, path), ...(table === undefined || isBare(path) ? {} : { url: path }), ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }), ...(options.nulls && { nulls: options.nulls }) };
  const columns = await describe({ ...source, path: table ?? path });
  const literal = table ?? path;
  writeFileSync(out, printSnapshot(name, literal, source, columns));
  const exact = columns.filter((column) => isBigint(reader, column)).map(({ name, type }) => `${JSON.stringify(name)}: "bigint${type.id === "list" ? "[]" : ""}"`);
  const said = [...(options.nulls ? [`nulls: ${JSON.stringify(options.nulls)}`] : []), ...(exact.length > 0 ? [`types: { ${exact.join(", ")} }`] : [])];
  const call = `${reader}<${name}>(${table === undefined ? "path" : JSON.stringify(table)}${said.length > 0 ? `, { ${said.join(", ")} }` : ""})`;
  return `${out}: interface ${name}, ${columns.length} ${columns.length === 1 ? "column" : "columns"}; ${call} checks programs against it, and so does ${reader}(${JSON.stringify(literal)}) where the file is imported`;
}

/** Compares snapshots with their sources, all of them. */
export async function check(files: readonly string[]): Promise<{ readonly lines: readonly string[]; readonly same: boolean }> {
  const names = files.length > 0 ? files : await snapshotsHere();
  if (names.length === 0) throw new LockstepError({ code: "LS2022", message: "no *.schema.ts is below this folder", fix: "Write one: npx lockstep schema pull <path>." });
  const results = await Promise.all(names.map(checkOne));
  return { lines: results.flatMap(({ lines }) => lines), same: results.every(({ same }) => same) };
}

async function checkOne(file: string): Promise<{ readonly lines: readonly string[]; readonly same: boolean }> {
  try {
    const snapshot = snapshotOf(file);
    const database = isDatabase(snapshot.reader) ? databases[snapshot.reader] : undefined;
    const path = database !== undefined || isAbsolute(snapshot.path) || isRemote(snapshot.path) ? snapshot.path : join(dirname(file), snapshot.path);
    const lines = drift(snapshot, await describe({ ...snapshot, path }));
    if (lines.length === 0) return { lines: [`${file}: as the data`], same: true };
    return { lines: [`${file}: the data of ${path} are others`, ...lines, `  take them over: npx lockstep schema pull ${database !== undefined ? `${snapshot.url ?? database.bare} ${JSON.stringify(path)}` : path}${asCommand(snapshot)} -o ${file}`], same: false };
  } catch (error) {
    // One source that cannot be read does not hide what has changed in the others.
    if (!(error instanceof LockstepError)) throw error;
    return { lines: [`${file}: ${error.code}: ${error.message}`], same: false };
  }
}

/** How text is read, as `pull` was told. */
const asCommand = ({ delimiter, nulls }: Snapshot): string => `${delimiter === undefined ? "" : ` --delimiter ${JSON.stringify(delimiter)}`}${nulls ? ` --nulls ${nulls.map((text) => JSON.stringify(text)).join(" ")}` : ""}`;

function snapshotOf(file: string): Snapshot {
  if (!existsSync(file)) throw new LockstepError({ code: "LS2001", message: "the snapshot does not exist" });
  const snapshot = readSnapshot(readFileSync(file, "utf8"));
  if (snapshot === null) throw new LockstepError({ code: "LS2018", message: "this is no snapshot, or its second line was edited: pull it again" });
  return snapshot;
}

async function snapshotsHere(): Promise<string[]> {
  const names: string[] = [];
  for await (const name of glob("**/*.schema.ts", { exclude: (entry) => entry === "node_modules" || entry === "dist" })) names.push(name);
  // Other tools name files so, too.
  return names.filter((name) => readSnapshot(readFileSync(name, "utf8")) !== null).sort();
}

function describe({ reader, path, url, delimiter, nulls }: Omit<Snapshot, "columns">): Promise<SourceColumn[]> {
  switch (reader) {
    case "readArrow":
      return describeArrow(path);
    case "readCsv":
      return describeCsv(path, { ...(delimiter !== undefined && { delimiter }), ...(nulls && { nulls }) });
    case "readIceberg":
      return describeIceberg(path);
    case "readJsonLines":
      return describeJsonLines(path);
    case "readPostgres":
    case "readFlightSql":
    case "readSnowflake":
    case "readAdbc":
      return databases[reader].describe(path, url);
    default:
      return describeParquet(path);
  }
}

/** `bare`: the URL of the one that the environment says. */
const databases = {
  readPostgres: { url: /^postgres(?:ql)?:\/\//, bare: "postgres://", describe: describePostgres },
  readFlightSql: { url: /^grpc(?:\+tls|\+tcp)?:\/\//, bare: "grpc://", describe: describeFlightSql },
  readSnowflake: { url: /^snowflake:\/\//, bare: "snowflake://", describe: (table, url) => describeSnowflake(table, url === undefined ? undefined : url.slice("snowflake://".length) || undefined) },
  readAdbc: { url: /^adbc:/, bare: "adbc:", describe: describeAdbc },
} as const satisfies Record<string, { readonly url: RegExp; readonly bare: string; readonly describe: (table: string, url: string | undefined) => Promise<SourceColumn[]> }>;

const isDatabase = (reader: SchemaReader): reader is keyof typeof databases => reader in databases;
const databaseOf = (path: string): keyof typeof databases | undefined => (Object.keys(databases) as (keyof typeof databases)[]).find((reader) => databases[reader].url.test(path));
/** All of it is said by the environment. */
const isBare = (url: string): boolean => /^(?:postgres(?:ql)?|grpc(?:\+tls|\+tcp)?|snowflake):\/\/$/.test(url);

/** `sales.orders` → "orders" */
const tableStem = (table: string): string => (/\s/.test(table) ? "query" : table.split(".").at(-1)!.replaceAll('"', "").replaceAll(/[^\w$-]+/g, "-"));

const formats = [
  { format: "Parquet", reader: "readParquet", extensions: [".parquet"] },
  { format: "Arrow IPC", reader: "readArrow", extensions: arrowNames },
  { format: "CSV", reader: "readCsv", extensions: csvNames },
  { format: "JSON Lines", reader: "readJsonLines", extensions: jsonLinesNames },
] as const;

async function readerOf(path: string): Promise<SchemaReader> {
  if (await isTable(path)) return "readIceberg";
  const files = await findInput(path, formats.flatMap(({ extensions }) => extensions));
  const found = formats.filter(({ extensions }) => files.some(({ name }) => extensions.some((extension) => name.toLowerCase().endsWith(extension))));
  if (found.length > 1) {
    throw new LockstepError({ code: "LS2018", message: `${path} holds ${found.map(({ format }) => format).join(" and ")} files`, fix: "Name the files of one format: trips/*.parquet." });
  }
  return found[0]?.reader ?? "readParquet";
}

/** `data/trips/*.parquet` → "trips" */
function stemOf(path: string): string {
  const parts = resolve(path).split(sep).filter((part) => !/[*?[{]/.test(part));
  return (parts.at(-1) ?? "source").replace(/\.\w+(\.(gz|zst))?$/, "");
}

const interfaceName = (stem: string): string => stem.split(/[^A-Za-z0-9$]+/).filter(Boolean).map((word) => word[0]!.toUpperCase() + word.slice(1)).join("").replace(/^\d/, "_$&") || "Row";

/** A relative path stays so, seen from the snapshot's file, with slashes on every system. */
const fromFile = (file: string, path: string): string => (isAbsolute(path) || isRemote(path) ? path : relative(dirname(resolve(file)), resolve(path)).split(sep).join("/"));
