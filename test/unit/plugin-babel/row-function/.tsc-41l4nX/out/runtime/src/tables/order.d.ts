import { type Column, type Rows } from "./column.ts";
import type { ColumnName, RowFunction } from "./types.ts";
/** A key of orderby() in descending order; made by {@link desc}. */
export interface Descending<K> {
    readonly descending: K;
}
/** What orderby() takes. */
export type OrderKey<Row> = ColumnName<Row> | RowFunction<Row> | Descending<ColumnName<Row>> | Descending<RowFunction<Row>>;
/** Descending order: `orderby(desc("trips"), "name")`. Null and NaN come last. */
export declare function desc<C extends string>(column: C): Descending<C>;
export declare function desc<Row>(of: RowFunction<Row>): Descending<RowFunction<Row>>;
export interface SortColumn {
    readonly column: Column;
    readonly descending: boolean;
}
/** The rows in Arquero's order: stable; ascending null, NaN, values; descending the reverse; strings by UTF-16 unit. */
export declare function sortedRows(keys: readonly SortColumn[], rows: number): Rows;
