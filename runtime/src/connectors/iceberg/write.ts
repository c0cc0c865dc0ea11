/** Plain Node's writes to Iceberg tables. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCarried, type ArrowType } from "../../tables/arrow-type.ts";
import { castColumn } from "../../tables/cast.ts";
import { unsupportedType } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import { writeParquetFile, type WrittenColumn } from "../parquet/write.ts";
import { sortedRows, type SortBy } from "../sort-by.ts";
import { isRemote } from "../store/location.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions } from "./catalog.ts";
import { upload } from "./files.ts";
import type { Constant } from "./manifest-entries.ts";
import { transformed, type Partition } from "./partition.ts";
import { takeRead, tableKey } from "./places.ts";
import { TableWrite, type DataFileInfo, type TableWriteOptions, type Target } from "./table-write.ts";
import { checkRequired, typeInFiles } from "./written-columns.ts";

/** Options of writeIceberg. */
export interface WriteIcebergOptions<Row> {
  /** Adds rows ("append", where nothing is said), or puts them in the place of all there are, or of those in their partitions; each makes the table if there is none. "create" is an error where there is one. */
  readonly mode?: "append" | "overwrite" | "overwrite-partitions" | "create";
  /** Of a new table: columns, and transforms of them such as "day(at)", "bucket(16, id)". An existing table has its own. */
  readonly partitionBy?: readonly Partition<keyof Row & string>[];
  /** "hash", where neither this nor the table (`write.distribution-mode`) says another: rows of a partition are brought to one rank before they are written, or to several where they are many. "none": each rank has a file of each of its rows' partitions. */
  readonly distribution?: "hash" | "none";
  /** Of a new table: what the rows of each file are sorted by, `["at", "price desc"]`. An existing table has its own order. */
  readonly sortBy?: readonly SortBy<keyof Row & string>[];
  /** The catalog that has the table, which is then named "namespace.table". */
  readonly catalog?: CatalogOptions;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** Columns written as another Arrow type: `{ id: "int64" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: string };
}

/** See Table.writeIceberg. */
export async function writeIceberg(columns: Columns, rows: number, table: string | URL, options: WriteIcebergOptions<never>): Promise<void> {
  checkOptions("writeIceberg", options);
  await committing(table, options, async (write) => {
    const target = await write.prepare(typesOf(columns), options);
    await write.add(target, await dataFiles(target, columns, rows), options.mode);
  });
}

/** One write to a table: what `body` makes is committed, or nothing of it is left. */
export async function committing<T>(table: string | URL, options: Pick<TableWriteOptions, "catalog" | "store">, body: (write: TableWrite) => Promise<T>): Promise<T> {
  const write = await TableWrite.open(table, options, randomUUID());
  const result = await body(write).catch(async (error: unknown) => {
    await write.abort();
    throw error;
  });
  await write.commit(takeRead(tableKey(table, options)));
  return result;
}

export const typesOf = (columns: Columns): { name: string; type: ArrowType }[] => [...columns].map(([name, { type }]) => ({ name, type }));

/** A file a partition; `first`: how many files the target has. */
export async function dataFiles(target: Target, columns: Columns, rows: number, first = 0): Promise<DataFileInfo[]> {
  const written = target.columns.map((ids): WrittenColumn => {
    const column = columns.get(ids.name)!;
    if (!isCarried(column.type)) throw unsupportedType(column, "written");
    const cast = castColumn(ids.name, column, typeInFiles(ids));
    checkRequired(target.name, ids, cast.values);
    return { name: ids.name, ids, column: cast };
  });
  const local = isRemote(target.folder) ? await mkdtemp(join(tmpdir(), "lockstep-")) : target.folder;
  const infos: DataFileInfo[] = [];
  try {
    for (const { partition, rows: of } of partitioned(target, written, rows)) {
      const name = `part-00000-${String(first + infos.length).padStart(5, "0")}.parquet`;
      const file = join(local, name);
      const order = sortedRows(target.sort, new Map(written.map((one) => [one.name, one.column])), of);
      const own = of.length === rows && order === of ? written : written.map((one) => ({ ...one, column: one.column.take(order) }));
      await writeParquetFile(file, own, of.length, { compression: target.compression, sort: target.sort, bloomFilters: target.bloomFilters, arrowSchema: false });
      infos.push({ name, bytes: (await stat(file)).size, partition });
      if (local !== target.folder) await upload(file, `${target.folder}/${name}`, target.store);
    }
  } finally {
    if (local !== target.folder) await rm(local, { recursive: true, force: true });
  }
  return infos;
}

/** The rows of each partition, in the order in which they appear. */
function partitioned({ partition }: Target, columns: readonly WrittenColumn[], rows: number): { partition: Constant[]; rows: Int32Array }[] {
  if (rows === 0) return [];
  const sources = partition.map(({ column, transform }) => ({ transform, ...columns.find(({ name }) => name === column)! }));
  const found = new Map<string, { partition: Constant[]; rows: number[] }>();
  for (let row = 0; row < rows; row++) {
    const values = sources.map(({ transform, column }) => transformed(transform, column.type, column.values[row]!));
    const key = JSON.stringify(values);
    const own = found.get(key);
    if (own) own.rows.push(row);
    else found.set(key, { partition: values, rows: [row] });
  }
  return [...found.values()].map((one) => ({ partition: one.partition, rows: Int32Array.from(one.rows) }));
}
