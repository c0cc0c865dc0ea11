/**
 * The public surface: typed tables. Under plain Node they compute as written; the plugin replaces what runs inside
 * functions that say "use spmd". Importing this is cheap: Arquero and the readers are loaded when first used.
 */
import "./errors/node-version.ts";
import "./launch/alone.ts";
import type { InputPath } from "./connectors/paths.ts";
import type { ReadArrowOptions } from "./connectors/arrow/read.ts";
import type { ReadCsvOptions } from "./connectors/csv/read.ts";
import type { DeleteIcebergOptions } from "./connectors/iceberg/change.ts";
import type { ReadIcebergOptions } from "./connectors/iceberg/read.ts";
import type { CompactCounts, CompactIcebergOptions } from "./connectors/iceberg/units.ts";
import type { ReadJsonLinesOptions } from "./connectors/json/read.ts";
import type { ReadParquetOptions } from "./connectors/parquet/read.ts";
import type { ReadAdbcOptions } from "./connectors/adbc/read.ts";
import type { ReadFlightSqlOptions } from "./connectors/flight/read.ts";
import type { ReadPostgresOptions } from "./connectors/postgres/read.ts";
import type { ReadSnowflakeOptions } from "./connectors/snowflake/read.ts";
import type { Source } from "./connectors/source/define.ts";
import type { ReadSourceOptions } from "./connectors/source/read.ts";
import type { Table } from "./tables/table.ts";
import type { RowFunction, StoredRow } from "./tables/types.ts";

/**
 * Sources that programs name by a literal, and their rows: `lockstep schema pull data/trips` declares one, and where its file is imported
 * `readParquet("data/trips")` needs no annotation.
 */
export interface Sources {}

/** The row of a source: what is declared of its name, else what the program says. One signature, so that a mistake in the options is told of them. */
type SourceRow<P, Row extends object> = P extends keyof Sources ? (Sources[P] extends object ? Sources[P] : never) : Row;

/**
 * Reads Parquet: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * `Row` is what the program expects of the columns it uses; `types: { id: "bigint" }` opens an int64 column as bigint. Columns are found
 * by name: null where a file lacks one, of a common type where files have other numbers, instants or texts.
 * LS2001 (missing), LS2002 (not as the interface says, or different things in two files), LS2005 (corrupt).
 */
export async function readParquet<Row extends object = Record<never, never>, P extends InputPath = InputPath>(
  path: P,
  options?: ReadParquetOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/parquet/read.ts");
  return connector.readParquet(path, options);
}

/**
 * Reads Arrow IPC, files (Feather's version 2, too) and streams: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * Buffers may be compressed (LZ4, zstd), and dictionaries grow. `types: { id: "bigint" }` opens an int64 column as bigint. Columns are
 * found by name, as those of Parquet. LS2001 (missing), LS2002 (not as the interface says, or different things in two files), LS2005
 * (corrupt), LS2018 (no Arrow IPC).
 */
export async function readArrow<Row extends object = Record<never, never>, P extends InputPath = InputPath>(
  path: P,
  options?: ReadArrowOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/arrow/read.ts");
  return connector.readArrow(path, options);
}

/**
 * Reads CSV: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * A column is what all its values are, in this order: boolean, number, ISO date or time (UTC), string. An empty field is
 * null, a quoted empty one the empty string; `nulls: ["NA", ""]` says other texts. LS2001 (missing), LS2002 (differing headers), LS2006 (bad line).
 */
export async function readCsv<Row extends object = Record<never, never>, P extends InputPath = InputPath>(
  path: P,
  options?: ReadCsvOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/csv/read.ts");
  return connector.readCsv(path, options);
}

/**
 * Reads JSON Lines, an object a line: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * Its columns are all keys, in order of appearance; what a line has not is null. A column is number, string or boolean, as all its
 * values are; `types: { at: "date", id: "bigint" }` says others. LS2001 (missing), LS2006 (bad line), LS2018 (no JSON Lines).
 */
export async function readJsonLines<Row extends object = Record<never, never>, P extends InputPath = InputPath>(
  path: P,
  options?: ReadJsonLinesOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/json/read.ts");
  return connector.readJsonLines(path, options);
}

/**
 * Reads an Iceberg table, its folder, one of its metadata files or its name in a `catalog`: as it is now, or at a `snapshot`, a time (`asOf`), a branch or tag (`ref`), or what was added `since` a snapshot.
 *
 * Columns are found by their ids, so that renamed, added and widened ones read as the schema says; deleted rows are left out.
 * LS2001 (no table, no such snapshot), LS2002, LS2005 (damaged), LS2015 (not supported yet).
 */
export async function readIceberg<Row extends object = Record<never, never>, P extends string | URL = string | URL>(
  table: P,
  options?: ReadIcebergOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/iceberg/read.ts");
  return connector.readIceberg(table, options);
}

/**
 * Reads a table, a view or a query of PostgreSQL, as it is at one moment: `readPostgres<Order>("sales.orders")`.
 *
 * Where the database is, and the password, the environment says by libpq's names (DATABASE_URL, PGHOST, PGUSER, PGPASSWORD, PGSERVICE,
 * ~/.pgpass); `url` may name host and database. Under plain Node it needs the package pg. LS2001 (missing), LS2002 (another schema),
 * LS2020 (refused), LS2021 (not reachable).
 */
export async function readPostgres<Row extends object = Record<never, never>, P extends string = string>(
  table: P,
  options?: ReadPostgresOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/postgres/read.ts");
  return connector.readPostgres(table, options);
}

/**
 * Reads a table or a query of a server of Arrow Flight SQL: `readFlightSql<Order>("sales.orders", { url: "grpc+tls://host:port" })`.
 *
 * Rows stand in the order of the endpoints at which the server says they are. The login the environment says: LOCKSTEP_FLIGHT_TOKEN, or
 * LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD; LOCKSTEP_FLIGHT_CA names a file of certificates. LS2001 (missing), LS2002 (another
 * schema), LS2020 (refused), LS2021 (not reachable).
 */
export async function readFlightSql<Row extends object = Record<never, never>, P extends string = string>(
  table: P,
  options?: ReadFlightSqlOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/flight/read.ts");
  return connector.readFlightSql(table, options);
}

/**
 * Reads a table or a query of Snowflake: `readSnowflake<Order>("sales.public.orders", { warehouse: "REPORTS" })`.
 *
 * Rows stand in the order of the result. Who reads the environment says, by the names of Snowflake's drivers: SNOWFLAKE_ACCOUNT,
 * SNOWFLAKE_USER, and SNOWFLAKE_PASSWORD, SNOWFLAKE_PRIVATE_KEY_PATH, or SNOWFLAKE_AUTHENTICATOR and SNOWFLAKE_TOKEN. LS2001 (missing),
 * LS2002 (another schema), LS2005 (damaged), LS2015 (a value or a type that tables do not hold), LS2020 (refused), LS2021 (not reachable).
 */
export async function readSnowflake<Row extends object = Record<never, never>, P extends string = string>(
  table: P,
  options?: ReadSnowflakeOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/snowflake/read.ts");
  return connector.readSnowflake(table, options);
}

/**
 * Reads a table or a query by a driver of ADBC: `readAdbc<Trip>("select * from trips", { driver: "sqlite", uri: "data/taxi.db" })`.
 *
 * The driver is a C library; the addon loads it, under plain Node too. Rows stand in the order of the driver's parts. The login the
 * environment says: LOCKSTEP_ADBC_URI, LOCKSTEP_ADBC_USERNAME, LOCKSTEP_ADBC_PASSWORD, and the driver's own options as an object in
 * LOCKSTEP_ADBC_OPTIONS; or of one driver alone LOCKSTEP_ADBC_SQLITE_URI and so on. LS2001 (no driver, no table), LS2002 (another schema), LS2005 (damaged), LS2015 (what the database refuses),
 * LS2020 (refused), LS2021 (not reachable).
 */
export async function readAdbc<Row extends object = Record<never, never>, P extends string = string>(
  table: P,
  options: ReadAdbcOptions<SourceRow<P, Row>>,
): Promise<Table<StoredRow<SourceRow<P, Row>>>> {
  const connector = await import("./connectors/adbc/read.ts");
  return connector.readAdbc(table, options);
}

/**
 * Reads a source that the program brings itself: `await readSource<Issue>(github({ repository }))`, with `github` of {@link defineSource}.
 *
 * Rank 0 asks it what there is, once; its chunks are dealt over the ranks, neighbours together, and the table has them in their order. Rows are
 * kept (in memory, or on disk), so however often the table is used they are asked for once. LS2002 (another schema), LS2025 (the source
 * failed: with its name, the chunk and the rank).
 */
export async function readSource<Row extends object = Record<never, never>>(
  source: Source,
  options?: ReadSourceOptions<Row>,
): Promise<Table<StoredRow<Row>>> {
  const connector = await import("./connectors/source/read.ts");
  return connector.readSource(source, options);
}

/**
 * Takes rows out of an Iceberg table: `await deleteIceberg<Order>("sales.orders", (d) => d.at < cutoff, { catalog })`; resolves with how many.
 *
 * Files of which the condition is true of no row stay as they are, others are written again without these rows: one snapshot, whole or not at all.
 * LS2001 (no table), LS2015 (what is not written), LS2023 (others changed such rows meanwhile).
 */
export async function deleteIceberg<Row extends object = Record<never, never>>(
  table: string | URL,
  where: RowFunction<StoredRow<Row>>,
  options: DeleteIcebergOptions<Row> = {},
): Promise<number> {
  const connector = await import("./connectors/iceberg/change.ts");
  return connector.deleteIceberg(table, where, options);
}

/**
 * Writes files of an Iceberg table again where that makes fewer of them, of the size that the table wants: `await compactIceberg("sales.orders", { catalog })`.
 *
 * Within a partition small files become one, rows that delete files name are left out, and no row changes: one snapshot ("replace"), whole or not at all.
 * Resolves with how many files became how many. LS2001 (no table), LS2015 (what is not written), LS2023 (others changed these files meanwhile).
 */
export async function compactIceberg(table: string | URL, options: CompactIcebergOptions = {}): Promise<CompactCounts> {
  const connector = await import("./connectors/iceberg/compact.ts");
  return connector.compactIceberg(table, options);
}

export { LockstepError, type ErrorCode } from "./errors/index.ts";
export { rank, size } from "./spmd/rank.ts";
export { allgather, allreduce, alltoall, alltoallv, barrier, bcast, type Combination, exscan, gather, type NumericArray, reduce, type Reduction, scan, scatter } from "./spmd/collectives.ts";
export { bin, type Bin, type BinOptions } from "./tables/bins.ts";
export { op, type Aggregate } from "./tables/op.ts";
export { desc, type Descending, type OrderKey } from "./tables/order.ts";
export { all, endswith, matches, not, type Selector, startswith } from "./tables/selection.ts";
export { rolling, type Duration, type RangeFrame, type RowFrame } from "./tables/rolling.ts";
export type { RowRange } from "./tables/slice.ts";
export { table } from "./tables/literal.ts";
export type { BatchOptions, ShuffleOptions } from "./tables/batch-options.ts";
export type { Batch, Batches } from "./tables/batches.ts";
export { Table } from "./tables/table.ts";
export type { WritableTable } from "./tables/writable.ts";
export type { GroupedTable } from "./tables/grouped.ts";
export type { Framed, Window } from "./tables/window-functions.ts";
export type { RowFunction, Scalar } from "./tables/types.ts";
export type { InputPath } from "./connectors/paths.ts";
export type { StoreOptions } from "./connectors/store/options.ts";
export type { ReadArrowOptions } from "./connectors/arrow/read.ts";
export type { ReadCsvOptions } from "./connectors/csv/read.ts";
export type { DeleteIcebergOptions, OverwriteIcebergOptions } from "./connectors/iceberg/change.ts";
export type { Merge, MergeCounts, MergeIcebergOptions } from "./connectors/iceberg/merge.ts";
export type { ReadIcebergOptions } from "./connectors/iceberg/read.ts";
export type { ReadJsonLinesOptions } from "./connectors/json/read.ts";
export type { ReadParquetOptions } from "./connectors/parquet/read.ts";
export { defineSource, type ArrowRows, type Source, type SourceBatch, type SourceColumns, type SourceComparison, type SourceCondition, type SourceDefinition, type SourceFilter, type SourceRequest, type SourceSchema, type SourceValue } from "./connectors/source/define.ts";
export type { ReadSourceOptions } from "./connectors/source/read.ts";
export type { ReadAdbcOptions } from "./connectors/adbc/read.ts";
export type { ReadFlightSqlOptions } from "./connectors/flight/read.ts";
export type { ReadSnowflakeOptions } from "./connectors/snowflake/read.ts";
export type { ReadPostgresOptions } from "./connectors/postgres/read.ts";
export type { WriteArrowOptions } from "./connectors/arrow/write.ts";
export type { WriteCsvOptions } from "./connectors/csv/write.ts";
export type { CompactCounts, CompactIcebergOptions } from "./connectors/iceberg/units.ts";
export type { WriteIcebergOptions } from "./connectors/iceberg/write.ts";
export type { WriteJsonLinesOptions } from "./connectors/json/write.ts";
export type { WriteParquetOptions } from "./connectors/parquet/write.ts";
export type { WritePostgresOptions } from "./connectors/postgres/write.ts";
export type { WriteSnowflakeOptions } from "./connectors/snowflake/write.ts";
