import { LockstepError } from "../errors/index.ts";
import { arquero } from "./arquero.ts";
import { isNested } from "./arrow-type.ts";
import { unsupportedType, type Column, type Rows } from "./column.ts";
import type { ColumnName, RowFunction } from "./types.ts";

/** A key of orderby() in descending order; made by {@link desc}. */
export interface Descending<K> {
  readonly descending: K;
}

/** What orderby() takes. */
export type OrderKey<Row> = ColumnName<Row> | RowFunction<Row> | Descending<ColumnName<Row>> | Descending<RowFunction<Row>>;

/** Descending order: `orderby(desc("trips"), "name")`. Null and NaN come last. */
export function desc<C extends string>(column: C): Descending<C>;
export function desc<Row>(of: RowFunction<Row>): Descending<RowFunction<Row>>;
export function desc(key: unknown): Descending<unknown> {
  if (typeof key !== "string" && typeof key !== "function") {
    throw new LockstepError({ code: "LS2016", message: `desc takes a column name or a function of the row, not ${typeof key}` });
  }
  return { descending: key };
}

export interface SortColumn {
  readonly column: Column;
  readonly descending: boolean;
}

/** The rows in Arquero's order: stable; ascending null, NaN, values; descending the reverse; strings by UTF-16 unit. */
export function sortedRows(keys: readonly SortColumn[], rows: number): Rows {
  if (keys.length === 0) return Int32Array.from({ length: rows }, (_, i) => i);
  const aq = arquero();
  // Stored values compare as what they stand for, so Arquero orders them, exact to the last bit.
  const columns: [string, unknown][] = keys.map(({ column }, i) => {
    if (column.type.id === "other" || isNested(column.type) || column.type.id === "binary") throw unsupportedType(column, "an order");
    return [String(i), column.values];
  });
  const fields = keys.map(({ descending }, i) => (descending ? aq.desc(String(i)) : String(i)));
  return Int32Array.from(aq.table(columns).orderby(...fields).indices());
}

/** The same number for neighbours that the order finds equal; undefined of no order. */
export function peersOf(order: readonly SortColumn[], rows: number): Int32Array | undefined {
  if (order.length === 0) return undefined;
  const peers = new Int32Array(rows);
  const same = (row: number): boolean => order.every(({ column: { values } }) => equal(values[row - 1], values[row]));
  for (let row = 1; row < rows; row++) peers[row] = same(row) ? peers[row - 1]! : row;
  return peers;
}

/** SameValueZero: stored values are equal where what they stand for is. */
const equal = (a: unknown, b: unknown): boolean => a === b || (a !== a && b !== b);
