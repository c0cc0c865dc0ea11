/** What the rows of a written file are sorted by: `"at"`, `"price desc"`. */
import { didYouMean, LockstepError } from "../errors/index.ts";
import type { Column, Stored } from "../tables/column.ts";

export type SortBy<C extends string> = C | `${C} desc`;

export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

interface Sorted {
  readonly sortBy?: readonly string[] | undefined;
  readonly partitionBy?: readonly string[] | undefined;
  readonly single?: boolean | undefined;
  readonly order?: "program" | undefined;
}

/** Nulls come first, or, descending, last, as of orderby. LS2016: no such column, or one twice. */
export function sortKeys(texts: readonly string[], columns: readonly string[]): SortKey[] {
  const keys = texts.map((text): SortKey => {
    const descending = !columns.includes(text) && text.endsWith(" desc");
    const column = descending ? text.slice(0, -" desc".length) : text;
    if (!columns.includes(column)) throw new LockstepError({ code: "LS2016", message: `sortBy: the table has no column "${column}"${didYouMean(column, columns)}`, fix: 'Name columns, or "column desc".' });
    return { column, descending, nullsFirst: !descending };
  });
  const twice = keys.find(({ column }, index) => keys.findIndex((key) => key.column === column) < index);
  if (twice) throw new LockstepError({ code: "LS2016", message: `sortBy has "${twice.column}" twice`, fix: "Name each column once." });
  return keys;
}

/** Of files. LS2016: no such columns, columns that no file has, or files in the table's order. */
export function fileSort({ sortBy = [], partitionBy = [], single, order }: Sorted, columns: readonly string[]): SortKey[] {
  const keys = sortKeys(sortBy, columns);
  const folder = keys.find(({ column }) => partitionBy.includes(column));
  if (folder) throw new LockstepError({ code: "LS2016", message: `sortBy: all rows of a file have one value of "${folder.column}", which names its folder`, fix: "Leave it out." });
  if (keys.length > 0 && (single || order)) throw new LockstepError({ code: "LS2016", message: `sortBy: the rows stand in the table's order with ${single ? "single" : 'order: "program"'}`, fix: "Sort the table with orderby(), or leave it out." });
  return keys;
}

/** Some rows in order, as they were where the keys are equal. */
export function sortedRows(keys: readonly SortKey[], columns: ReadonlyMap<string, Column>, rows: Int32Array): Int32Array {
  if (keys.length === 0) return rows;
  const by = keys.map(({ column, descending, nullsFirst }) => {
    const { values } = columns.get(column)!;
    const sign = descending ? -1 : 1;
    return (a: number, b: number): number => {
      const [x, y] = [values[a]!, values[b]!];
      if (x === null || y === null) return (Number(x !== null) - Number(y !== null)) * (nullsFirst ? 1 : -1);
      return compared(x, y) * sign;
    };
  });
  return rows.toSorted((a, b) => by.reduce((known, compare) => known || compare(a, b), 0));
}

/** Texts by their bytes, as files' readers compare them; NaN behind all numbers. */
function compared(a: NonNullable<Stored>, b: NonNullable<Stored>): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  if (typeof a === "number" && typeof b === "number" && (Number.isNaN(a) || Number.isNaN(b))) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
