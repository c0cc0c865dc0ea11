import { type Column } from "./column.ts";
/** Rows with equal keys have equal codes, dense and in order of first appearance. */
export interface KeyCodes {
    readonly codes: Uint32Array;
    /** The first row of each code. */
    readonly first: Int32Array;
}
/** Codes of a table's rows: null and NaN are one key each, -0 is 0. No key columns: one group, whatever the rows. */
export declare function groupCodes(columns: readonly Column[], rows: number): KeyCodes;
/** Codes of two tables' rows in one numbering, -1 where a key is null or NaN: such rows match nothing. */
export declare function joinCodes(left: readonly Column[], right: readonly Column[], rowsLeft: number, rowsRight: number): [Int32Array, Int32Array];
