/** What files with types of their own are written of: columns cast as the program says, in the order of the file. */
import { parseType, type ArrowType } from "../tables/arrow-type.ts";
import { castColumn } from "../tables/cast.ts";
import type { Column } from "../tables/column.ts";
import { columnNamed, type Columns } from "../tables/row.ts";
import { sortedRows, type SortKey } from "./sort-by.ts";

/** The option `types`. LS2015, LS2016 */
export function typesOf(columns: Columns, types: Readonly<Record<string, string>> = {}): ReadonlyMap<string, ArrowType> {
  const entries = Object.entries(types);
  for (const [name] of entries) columnNamed(columns, name);
  return new Map(entries.map(([name, type]) => [name, parseType(type)]));
}

/** The columns of one file of so many rows. */
export function writtenColumns(own: Columns, rows: number, types: ReadonlyMap<string, ArrowType>, sort: readonly SortKey[]): { name: string; column: Column }[] {
  const written = [...own].map(([name, column]) => ({ name, column: castColumn(name, column, types.get(name) ?? column.type) }));
  if (sort.length === 0) return written;
  const order = sortedRows(sort, new Map(written.map((one) => [one.name, one.column])), Int32Array.from({ length: rows }, (_, row) => row));
  return written.map((one) => ({ ...one, column: one.column.take(order) }));
}
