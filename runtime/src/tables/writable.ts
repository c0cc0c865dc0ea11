import type { WriteArrowOptions } from "../connectors/arrow/write.ts";
import type { WriteCsvOptions } from "../connectors/csv/write.ts";
import type { OverwriteIcebergOptions } from "../connectors/iceberg/change.ts";
import type { Merge, MergeCounts, MergeIcebergOptions } from "../connectors/iceberg/merge.ts";
import type { WriteIcebergOptions } from "../connectors/iceberg/write.ts";
import type { WriteJsonLinesOptions } from "../connectors/json/write.ts";
import type { WriteParquetOptions } from "../connectors/parquet/write.ts";
import type { WritePostgresOptions } from "../connectors/postgres/write.ts";
import type { WriteSnowflakeOptions } from "../connectors/snowflake/write.ts";
import type { Columns } from "./row.ts";
import type * as T from "./types.ts";

/** What a {@link Table} is written to. Under plain Node a write is done when it resolves. */
export abstract class WritableTable<Row> {
  abstract readonly columns: Columns;
  abstract readonly rows: number;

  /** Writes a folder of Parquet files, or one file, that appears complete or not at all. LS2007 if it exists, unless `mode` says what becomes of it. */
  async writeParquet(path: string | URL, options: WriteParquetOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/parquet/write.ts")).writeParquet(this.columns, this.rows, path, options);
  }

  /** The same, of Arrow IPC (`.arrow`, Feather's version 2): what is read without being decoded. */
  async writeArrow(path: string | URL, options: WriteArrowOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/arrow/write.ts")).writeArrow(this.columns, this.rows, path, options);
  }

  /** The same, of CSV. */
  async writeCsv(path: string | URL, options: WriteCsvOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/csv/write.ts")).writeCsv(this.columns, this.rows, path, options);
  }

  /** The same, of JSON Lines. */
  async writeJsonLines(path: string | URL, options: WriteJsonLinesOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/json/write.ts")).writeJsonLines(this.columns, this.rows, path, options);
  }

  /**
   * Writes into a table of PostgreSQL, `"schema.table"`, which is made if there is none: in one transaction, whole or not at all; the rows stand in no order. Columns are found by
   * their names, and what a row does not have is null, or the column's default. Where the database is the environment says, as for readPostgres. LS2002 where they do not
   * fit the table, LS2003 nulls that it does not take, LS2007 where it is there (mode "create"), LS2016 where several rows of a merge have one key.
   */
  async writePostgres(table: string, options: WritePostgresOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/postgres/write.ts")).writePostgres(this.columns, this.rows, table, options);
  }

  /**
   * Writes into a table of Snowflake, named as SQL names it there, which is made if there is none: in one transaction, whole or not at all. Columns are found by
   * their names, as they are or else in capitals, and what a row does not have is null, or the column's default. Who writes the environment says, as for readSnowflake.
   * LS2002 where they do not fit the table, LS2003 nulls that it does not take, LS2007 where it is there (mode "create"), LS2016 where several rows of a merge have one key.
   */
  async writeSnowflake(table: string, options: WriteSnowflakeOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/snowflake/write.ts")).writeSnowflake(this.columns, this.rows, table, options);
  }

  /**
   * Writes into an Iceberg table, its folder or its name in a `catalog`, which is made if there is none: one snapshot, whole or not at all. Columns
   * are found by their names. LS2002 where they do not fit the table, LS2007 where it is there (mode "create"), LS2023 where others changed what is replaced.
   */
  async writeIceberg(table: string | URL, options: WriteIcebergOptions<Row> = {}): Promise<void> {
    return (await import("../connectors/iceberg/write.ts")).writeIceberg(this.columns, this.rows, table, options);
  }

  /**
   * Puts these rows in the place of the rows of an Iceberg table of which a condition is true; resolves with how many these were. All written rows must
   * satisfy it (LS2016). Files of which it is true of no row stay, others are written again. Otherwise as writeIceberg; LS2023 where others changed such rows.
   */
  async overwriteIceberg(table: string | URL, where: T.RowFunction<Row>, options: OverwriteIcebergOptions<Row> = {}): Promise<number> {
    return (await import("../connectors/iceberg/change.ts")).overwriteIceberg(this.columns, this.rows, table, where, options);
  }

  /**
   * Brings these rows into an Iceberg table by their keys: `{ on: ["id"], when: { matched: (s, t) => (s.at > t.at ? "update" : "skip") } }`. Only files that can hold a
   * key are read, only those with changed rows are written again. LS2016 where several rows have one key. Otherwise as writeIceberg; LS2023 where others wrote such keys.
   */
  async mergeIceberg<const D extends T.ColumnName<Row> = never>(table: string | URL, merge: Merge<Row, D>, options: MergeIcebergOptions<Omit<Row, D>> = {}): Promise<MergeCounts> {
    return (await import("../connectors/iceberg/merge.ts")).mergeIceberg(this.columns, this.rows, table, merge as never, options);
  }
}
