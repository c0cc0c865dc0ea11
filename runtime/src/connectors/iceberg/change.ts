/** Plain Node's deletes from Iceberg tables, and what takes the place of some of their rows: files are written again without these rows. */
import { LockstepError } from "../../errors/index.ts";
import type { View } from "../../tables/js-view.ts";
import { rowsWhere } from "../../tables/operands.ts";
import type { Columns } from "../../tables/row.ts";
import { Table } from "../../tables/table.ts";
import type { RowFunction, StoredRow } from "../../tables/types.ts";
import { checkOptions } from "../options.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions } from "./catalog.ts";
import type { DataFile } from "./manifests.ts";
import { rowsOf } from "./read.ts";
import type { DataFileInfo, TableWrite, Target } from "./table-write.ts";
import { committing, dataFiles, typesOf, type WriteIcebergOptions } from "./write.ts";

/** Options of {@link deleteIceberg}. */
export interface DeleteIcebergOptions<Row> {
  /** The catalog that has the table, which is then named "namespace.table". */
  readonly catalog?: CatalogOptions;
  /** How an object store is reached, where the environment does not say it. */
  readonly store?: StoreOptions;
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" };
}

/** Options of overwriteIceberg: as of writeIceberg. */
export type OverwriteIcebergOptions<Row> = Omit<WriteIcebergOptions<Row>, "mode">;

type Written = readonly [Target, readonly DataFileInfo[]];

/** See `deleteIceberg` of the package. */
export async function deleteIceberg<Row extends object>(table: string | URL, where: RowFunction<StoredRow<Row>>, options: DeleteIcebergOptions<Row>): Promise<number> {
  checkOptions("deleteIceberg", options);
  return committing(table, options, async (write) => {
    if (!(await write.existing(new Set()))) throw absent(write.name, "delete rows from");
    const { removed, kept, deleted } = await without(write, where, options.types);
    await write.change(removed, kept, anyRow);
    return deleted;
  });
}

/** See Table.overwriteIceberg. */
export async function overwriteIceberg(columns: Columns, rows: number, table: string | URL, where: RowFunction<any>, options: OverwriteIcebergOptions<never>): Promise<number> {
  checkOptions("overwriteIceberg", options);
  return committing(table, options, async (write) => {
    const target = await write.prepare(typesOf(columns), options);
    const outside = rows - rowsWhere({ columns, rows }, where).length;
    if (outside > 0) throw outsideOf(write.name, outside);
    const bigints = Object.fromEntries([...columns].flatMap(([name, { view }]) => (view === "bigint" ? [[name, view] as const] : [])));
    const { removed, kept, deleted } = await without(write, where, bigints);
    await write.change(removed, [...kept, [target, await dataFiles(target, columns, rows)]], anyRow);
    return deleted;
  });
}

/** Which rows a function is true of bounds do not say. */
const anyRow = (files: readonly DataFile[]): boolean => files.length > 0;

/** What becomes of the table without the rows of which a function is true. */
async function without(write: TableWrite, where: RowFunction<any>, views: Readonly<Record<string, View | undefined>> | undefined): Promise<{ removed: DataFile[]; kept: Written[]; deleted: number }> {
  const now = await write.existing(new Set());
  const removed: DataFile[] = [];
  const rest: Table<any>[] = [];
  let deleted = 0;
  for (const file of now?.files ?? []) {
    const rows = await rowsOf({ ...now!, files: [file] }, views);
    const gone = new Set(rowsWhere(rows, where));
    if (gone.size === 0) continue;
    deleted += gone.size;
    removed.push(file);
    rest.push(rows.take(Int32Array.from({ length: rows.rows }, (_, row) => row).filter((row) => !gone.has(row))));
  }
  return { removed, kept: rest.length > 0 ? [await again(write, rest[0]!.concat(...rest.slice(1)))] : [], deleted };
}

/** Writes rows of the table again. */
export async function again(write: TableWrite, { columns, rows }: Table<any>): Promise<Written> {
  const target = await write.prepareAgain();
  return [target, await dataFiles(target, columns, rows)];
}

export const absent = (name: string, what: string): LockstepError => new LockstepError({ code: "LS2001", message: `there is no table ${name} to ${what}` });

export const outsideOf = (name: string, rows: number): LockstepError =>
  new LockstepError({
    code: "LS2016",
    message: `overwriteIceberg: the condition is not true of ${rows} of the rows that take the place of those in ${name}`,
    why: ["the same write, done again, would add these rows once more: it takes out only rows of which the condition is true"],
    fix: "filter() the written rows by the same condition, or write one that is true of them.",
  });
