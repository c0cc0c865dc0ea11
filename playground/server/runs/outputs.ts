/** Tables that a run left: its default export, and the Parquet, CSV, JSON Lines and Iceberg it wrote. Rows come in pages. */
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readArrow, readCsv, readIceberg, readJsonLines, table, type Table } from "@lockstep/runtime";
import { asyncBufferFromFile, type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { isState } from "./iceberg-copy.ts";

type Columns = Parameters<typeof table>[0];
export type Row = Readonly<Record<string, unknown>>;

/** Bytes of text that are held in memory, as rows. */
const MOST_BYTES = 200_000_000;

export interface ResultTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
  page(from: number, to: number): Promise<Row[]>;
  /** How a program reads it again, from `path()`. */
  readonly reader: "readParquet" | "readArrow" | "readCsv" | "readJsonLines" | "readIceberg";
  path(): Promise<string>;
}

/** Of the default export: the rows of an array of objects; anything else has one row. */
export function valueTable(value: unknown, workspace: string): ResultTable | null {
  if (value === null || value === undefined) return null;
  const isRows = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "object" && item !== null && !Array.isArray(item));
  const rows: readonly Row[] = isRows ? (value as Row[]) : Array.isArray(value) ? value.map((item) => ({ value: item as unknown })) : [{ value }];
  const columns = columnsOf(rows);
  const path = async () => {
    const copy = join(workspace, ".default-export");
    if (!existsSync(copy)) await table(Object.fromEntries(columns.map((name) => [name, rows.map((row) => row[name] ?? null)])) as Columns).writeParquet(copy);
    return copy;
  };
  return { name: "default export", columns, rows: rows.length, page: async (from, to) => rows.slice(from, to), reader: "readParquet", path };
}

const columnsOf = (rows: readonly Row[]): string[] => [...new Set(rows.slice(0, 1000).flatMap((row) => Object.keys(row)))];

/** What was written below a folder; what only leads elsewhere was there before. */
export async function writtenTables(workspace: string): Promise<ResultTable[]> {
  const tables: ResultTable[] = [];
  const folders = [""];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const names = readdirSync(join(workspace, folder)).filter((name) => !name.startsWith(".")).sort();
    const statOf = (name: string) => lstatSync(join(workspace, folder!, name));
    const states = names.includes("metadata") && statOf("metadata").isDirectory() ? readdirSync(join(workspace, folder, "metadata")).filter(isState) : [];
    if (states.length > 0) {
      // The project's table is there, too; one that the run has written has a state that is no link.
      if (states.some((name) => statOf(join("metadata", name)).isFile())) tables.push(await icebergTable(folder || ".", join(workspace, folder)).catch((error: Error) => unreadable(folder || ".", error)));
      continue;
    }
    for (const name of names) if (name !== "dist" && statOf(name).isDirectory()) folders.push(join(folder, name));
    for (const [ending, tableOf] of [[".parquet", parquetTable], [".arrow", wholeTable("readArrow", readArrow)], [".csv", wholeTable("readCsv", readCsv)], [".jsonl", wholeTable("readJsonLines", readJsonLines)]] as const) {
      const files = names.filter((name) => name.endsWith(ending) && statOf(name).isFile()).map((name) => join(workspace, folder!, name));
      if (files.length > 0) tables.push(await tableOf(folder || ".", join(workspace, folder), files).catch((error: Error) => unreadable(folder || ".", error)));
    }
  }
  return tables;
}

/** A table that says why there is none. */
const unreadable = (name: string, { message }: Error): ResultTable =>
  ({ name, columns: ["cannot be shown"], rows: 1, page: async () => [{ "cannot be shown": message }], reader: "readCsv", path: async () => name });

async function parquetTable(name: string, folder: string, files: readonly string[]): Promise<ResultTable> {
  const parts = await Promise.all(files.map(async (path) => {
    const file: AsyncBuffer = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    return { file, metadata, rows: Number(metadata.num_rows) };
  }));
  const columns = parts[0]!.metadata.schema.slice(1).map((element) => element.name);
  return {
    name,
    columns,
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    async page(from, to) {
      const pages: Row[][] = [];
      let start = 0;
      for (const { file, metadata, rows: count } of parts) {
        const [rowStart, rowEnd] = [Math.max(from - start, 0), Math.min(to - start, count)];
        if (rowStart < rowEnd) pages.push((await parquetReadObjects({ file, metadata, rowStart, rowEnd, compressors })) as Row[]);
        start += count;
      }
      return pages.flat();
    },
    reader: "readParquet",
    path: async () => folder,
  };
}

async function icebergTable(name: string, folder: string): Promise<ResultTable> {
  const rows = await readIceberg<Row>(folder);
  return { name, columns: rows.columnNames(), rows: rows.numRows(), page: async (from, to) => rows.slice(from, to).objects() as Row[], reader: "readIceberg", path: async () => folder };
}

/** Of files that are read as a whole. */
const wholeTable = (reader: "readArrow" | "readCsv" | "readJsonLines", read: (file: string) => Promise<Table<Row>>) => async (name: string, folder: string, files: readonly string[]): Promise<ResultTable> => {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (bytes > MOST_BYTES) throw new Error(`${Math.round(bytes / 1e6)} MB are too many to be shown; Parquet is read in pages`);
  const rows = (await Promise.all(files.map(async (file) => (await read(file)).objects() as Row[]))).flat();
  return { name, columns: columnsOf(rows), rows: rows.length, page: async (from, to) => rows.slice(from, to), reader, path: async () => folder };
};
