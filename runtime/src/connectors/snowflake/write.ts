/** Plain Node's writes to Snowflake. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNested, parseType } from "../../tables/arrow-type.ts";
import { castColumn } from "../../tables/cast.ts";
import { unsupportedType } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkDatabaseWrite, type DatabaseMode, type DatabaseWriteOptions } from "../database/write.ts";
import { checkOptions } from "../options.ts";
import { writeParquetFile } from "../parquet/write.ts";
import { stage, unstage } from "../staged.ts";
import { type SnowflakeStaging, SnowflakeWrite } from "./commit.ts";
import { bringFiles } from "./stage.ts";
import { findTarget, type Target } from "./target.ts";

/** Options of writeSnowflake. */
export interface WriteSnowflakeOptions<Row> {
  /** A table that is there: an error ("create", where nothing is said), added to, emptied before, or rows of the same key changed ("merge"). All but "create" make the table if there is none. */
  readonly mode?: DatabaseMode;
  /** Of a merge: the columns by which rows are the same. Rows with null there are new ones. */
  readonly on?: readonly (keyof Row & string)[];
  /** Which account: `myorg-myaccount`; else SNOWFLAKE_ACCOUNT says it. */
  readonly account?: string;
  /** Who computes; else SNOWFLAKE_WAREHOUSE, or the user's own. */
  readonly warehouse?: string;
  /** In which role; else SNOWFLAKE_ROLE, or the user's own. */
  readonly role?: string;
  /** Of tables that are named without one; else SNOWFLAKE_DATABASE. */
  readonly database?: string;
  /** Of tables that are named without one; else SNOWFLAKE_SCHEMA. */
  readonly schema?: string;
  /** Columns written as another Arrow type: `{ id: "int64", price: "decimal128(12, 2)" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: string };
}

/** See Table.writeSnowflake. */
export async function writeSnowflake(columns: Columns, rows: number, table: string, options: WriteSnowflakeOptions<never>): Promise<void> {
  checkWriteSnowflake(table, options);
  const target = findTarget(options);
  const write = await SnowflakeWrite.open(target);
  try {
    const staging = (await write.prepare(table, [...columns].map(([name, { type }]) => ({ name, type })), options))!;
    if (rows > 0) await bring(write, target, staging, columns, rows);
    await write.add(staging, options, rows);
  } catch (error) {
    await write.abort();
    throw error;
  }
  await write.commit();
}

/** LS2015, LS2016 what a write says of itself. */
export function checkWriteSnowflake(table: string, options: WriteSnowflakeOptions<never> | undefined, site?: string): void {
  checkOptions("writeSnowflake", options, site);
  checkDatabaseWrite("writeSnowflake", table, (options ?? {}) as DatabaseWriteOptions, site);
}

/** In one file. */
async function bring(write: SnowflakeWrite, target: Target, staging: SnowflakeStaging, from: Columns, rows: number): Promise<void> {
  const written = [...from].map(([name, column], at) => {
    if (column.type.id === "other" || isNested(column.type)) throw unsupportedType(column, "written");
    return { name: staging.columns[at]!.name, column: castColumn(name, column, parseType(staging.columns[at]!.type)) };
  });
  const folder = mkdtempSync(join(tmpdir(), "lockstep-"));
  stage(folder);
  try {
    const file = join(folder, "part-00000-00000.parquet");
    await writeParquetFile(file, written, rows, { compression: "snappy", arrowSchema: false });
    // One file, for which credentials are good that come now.
    const { refused } = await bringFiles(staging.path, [file], await write.credentials(staging), isOpen(target));
    if (refused) throw refused;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    unstage(folder);
  }
}

/** Nothing is encrypted on the way to Snowflake: then it need not be on the way to the stage. */
export const isOpen = ({ url }: Target): boolean => url.startsWith("http:");
