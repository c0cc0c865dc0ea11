/** Plain Node's writes to Snowflake. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNested, parseType } from "../../tables/arrow-type.ts";
import { castColumn } from "../../tables/cast.ts";
import { Column, type Stored, unsupportedType } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkDatabaseWrite, type DatabaseMode, type DatabaseWriteOptions } from "../database/write.ts";
import { checkOptions } from "../options.ts";
import { writeParquetFile } from "../parquet/write.ts";
import { stage, unstage } from "../staged.ts";
import { FILE_BYTES, type SnowflakeStaging, SnowflakeWrite } from "./commit.ts";
import type { Place } from "./place.ts";
import { bringFiles } from "./stage.ts";
import { findTarget, type Target } from "./target.ts";

/** Options of writeSnowflake. */
export interface WriteSnowflakeOptions<Row> extends Place {
  /** A table that is there: an error ("create", where nothing is said), added to, emptied before, or rows of the same key changed ("merge"). All but "create" make the table if there is none. */
  readonly mode?: DatabaseMode;
  /** Of a merge: the columns by which rows are the same. Rows with null there are new ones. */
  readonly on?: readonly (keyof Row & string)[];
  /** Columns written as another Arrow type: `{ id: "int64", price: "decimal128(12, 2)" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: string };
}

/** See Table.writeSnowflake. */
export async function writeSnowflake(columns: Columns, rows: number, table: string, options: WriteSnowflakeOptions<never>): Promise<void> {
  checkWriteSnowflake(table, options);
  const target = findTarget(options);
  const write = await SnowflakeWrite.open(target);
  await write.whole(table, [...columns].map(([name, { type }]) => ({ name, type })), options, async (staging) => {
    if (rows > 0) await bring(write, target, staging, columns, rows);
    return rows;
  });
}

/** LS2015, LS2016 what a write says of itself. */
export function checkWriteSnowflake(table: string, options: WriteSnowflakeOptions<never> | undefined, site?: string): void {
  checkOptions("writeSnowflake", options, site);
  checkDatabaseWrite("writeSnowflake", table, (options ?? {}) as DatabaseWriteOptions, site);
}

/** Rows of the first file; of those that follow as many as FILE_BYTES take. */
const FIRST = 65_536;

/** One file after another. */
async function bring(write: SnowflakeWrite, target: Target, staging: SnowflakeStaging, from: Columns, rows: number): Promise<void> {
  const written = [...from].map(([name, column], at) => {
    if (column.type.id === "other" || isNested(column.type)) throw unsupportedType(column, "written");
    return { name: staging.columns[at]!.name, column: castColumn(name, column, parseType(staging.columns[at]!.type)) };
  });
  const folder = mkdtempSync(join(tmpdir(), "lockstep-"));
  stage(folder);
  try {
    for (let [start, count, number] = [0, FIRST, 0]; start < rows; number++) {
      const end = Math.min(start + count, rows);
      const file = join(folder, `part-00000-${String(number).padStart(5, "0")}.parquet`);
      await writeParquetFile(file, written.map(({ name, column }) => ({ name, column: partOf(column, start, end) })), end - start, { compression: "snappy", arrowSchema: false });
      // For one file credentials are good that come now.
      const { refused } = await bringFiles(staging.path, [file], await write.credentials(staging), isOpen(target));
      if (refused) throw refused;
      count = Math.max(1, Math.floor(((end - start) * FILE_BYTES) / statSync(file).size));
      rmSync(file);
      start = end;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    unstage(folder);
  }
}

function partOf(column: Column, start: number, end: number): Column {
  return start === 0 && end === column.length ? column : new Column(column.type, end - start, () => Array.prototype.slice.call(column.values, start, end) as Stored[]);
}

/** Nothing is encrypted on the way to Snowflake: then it need not be on the way to the stage. */
export const isOpen = ({ url }: Target): boolean => url.startsWith("http:");
