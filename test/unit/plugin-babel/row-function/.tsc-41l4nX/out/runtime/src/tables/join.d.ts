import type { Column, Rows } from "./column.ts";
import type { Columns } from "./row.ts";
/** One pair of join keys. `shared` is the name of a column that both sides have under it: it appears once. */
export interface JoinKey {
    readonly left: Column;
    readonly right: Column;
    readonly shared: string | undefined;
}
/** A table as join sees it. */
export interface Side {
    readonly columns: Columns;
    readonly rows: number;
}
/** Matching pairs in left row order, within one in right row order; with `unmatched`, the other left rows last. */
export declare function joinRows(left: Side, right: Side, keys: readonly JoinKey[], unmatched: boolean): {
    left: Rows;
    right: Rows;
};
/** The left rows that have a match (or, `anti`, that have none), in order. */
export declare function matchingRows(left: Side, right: Side, keys: readonly JoinKey[], anti: boolean): Rows;
/** The columns of a join: shared keys once, other clashing names with `_1` and `_2`. */
export declare function joinColumns(left: Side, right: Side, keys: readonly JoinKey[], rows: {
    left: Rows;
    right: Rows;
}): Map<string, Column>;
