/** What `lockstep schema` looks at: which reader it is of, and its columns. */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describeAdbc } from "../connectors/adbc/read.ts";
import { arrowNames, describeArrow } from "../connectors/arrow/read.ts";
import { csvNames, describeCsv } from "../connectors/csv/read.ts";
import { describeFlightSql } from "../connectors/flight/read.ts";
import { isTable } from "../connectors/iceberg/paths.ts";
import { describeIceberg } from "../connectors/iceberg/read.ts";
import { describeJsonLines, jsonLinesNames } from "../connectors/json/read.ts";
import { describeParquet } from "../connectors/parquet/read.ts";
import { findInput } from "../connectors/paths.ts";
import { describePostgres } from "../connectors/postgres/read.ts";
import type { SchemaReader, SnapshotSource } from "../connectors/snapshot.ts";
import { describeSnowflake } from "../connectors/snowflake/read.ts";
import type { SourceColumn } from "../connectors/source-column.ts";
import { checkSource, describeSource } from "../connectors/source/chunks.ts";
import type { Source } from "../connectors/source/define.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import { LockstepError } from "../errors/index.ts";

/** The columns of a source; its path is as this folder sees it. LS2001, LS2002, LS2005, LS2006, LS2018, LS2020, LS2021, LS2025. */
export function describe(source: SnapshotSource): Promise<SourceColumn[]> {
  const { reader, path, url, store, catalog, delimiter, header, nulls } = source;
  switch (reader) {
    case "readArrow":
      return describeArrow(path, store);
    case "readCsv":
      return describeCsv(path, { ...(delimiter !== undefined && { delimiter }), ...(header !== undefined && { header }), ...(nulls && { nulls }), ...(store && { store }) });
    case "readIceberg":
      return describeIceberg(path, { ...(catalog && { catalog }), ...(store && { store }) });
    case "readJsonLines":
      return describeJsonLines(path, store);
    case "readPostgres":
    case "readFlightSql":
    case "readSnowflake":
    case "readAdbc":
      return databases[reader].describe(path, url);
    case "readSource":
      return programsSource(path, source.options).then(describeSource);
    default:
      return describeParquet(path, store);
  }
}

/** `bare`: the URL of the one that the environment says. */
export const databases = {
  readPostgres: { url: /^postgres(?:ql)?:\/\//, bare: "postgres://", describe: describePostgres },
  readFlightSql: { url: /^grpc(?:\+tls|\+tcp)?:\/\//, bare: "grpc://", describe: describeFlightSql },
  readSnowflake: { url: /^snowflake:\/\//, bare: "snowflake://", describe: (table, url) => describeSnowflake(table, url === undefined ? undefined : url.slice("snowflake://".length) || undefined) },
  readAdbc: { url: /^adbc:/, bare: "adbc:", describe: describeAdbc },
} as const satisfies Record<string, { readonly url: RegExp; readonly bare: string; readonly describe: (table: string, url: string | undefined) => Promise<SourceColumn[]> }>;

export const isDatabase = (reader: SchemaReader): reader is keyof typeof databases => reader in databases;
export const databaseOf = (path: string): keyof typeof databases | undefined => (Object.keys(databases) as (keyof typeof databases)[]).find((reader) => databases[reader].url.test(path));
/** All of it is said by the environment. */
export const isBare = (url: string): boolean => /^(?:postgres(?:ql)?|grpc(?:\+tls|\+tcp)?|snowflake):\/\/$/.test(url);

const formats = [
  { format: "Parquet", reader: "readParquet", extensions: [".parquet"] },
  { format: "Arrow IPC", reader: "readArrow", extensions: arrowNames },
  { format: "CSV", reader: "readCsv", extensions: csvNames },
  { format: "JSON Lines", reader: "readJsonLines", extensions: jsonLinesNames },
] as const;

/** Which reader reads a path. */
export async function readerOf(path: string, store: StoreOptions | undefined): Promise<SchemaReader> {
  if (exported.test(path)) return "readSource";
  if (await isTable(path, store)) return "readIceberg";
  const files = await findInput(path, formats.flatMap(({ extensions }) => extensions), store);
  const found = formats.filter(({ extensions }) => files.some(({ name }) => extensions.some((extension) => name.toLowerCase().endsWith(extension))));
  if (found.length > 1) {
    throw new LockstepError({ code: "LS2018", message: `${path} holds ${found.map(({ format }) => format).join(" and ")} files`, fix: "Name the files of one format: trips/*.parquet." });
  }
  return found[0]?.reader ?? "readParquet";
}

/** `src/tickets.ts#tickets`: a module, and what it exports. */
const exported = /^(.+\.[cm]?[jt]s)#([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u;

/** A source that a module exports, or what it makes one of options. LS2001, LS2016, LS2025. */
async function programsSource(path: string, options: unknown): Promise<Source> {
  const [, file = path, name = "default"] = exported.exec(path) ?? [];
  if ((await stat(file).catch(() => undefined)) === undefined) throw new LockstepError({ code: "LS2001", message: `${file} does not exist`, fix: "Name a module and the source that it exports: src/tickets.ts#tickets." });
  const module = await failing(`${file} cannot be loaded`, async () => (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>);
  if (!Object.hasOwn(module, name)) {
    throw new LockstepError({ code: "LS2016", message: `${file} exports no ${name}`, fix: `It exports ${Object.keys(module).join(", ") || "nothing"}.` });
  }
  const found = module[name];
  const source = typeof found === "function" ? await failing(`${path} makes no source of the options`, async () => (found as (options: unknown) => unknown)(options ?? {})) : found;
  checkSource(source);
  return source;
}

/** What a program's module throws, with what it was to do. */
async function failing<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new LockstepError({ code: "LS2025", message: `${message}: ${error instanceof Error ? error.message : String(error)}`, cause: error });
  }
}
