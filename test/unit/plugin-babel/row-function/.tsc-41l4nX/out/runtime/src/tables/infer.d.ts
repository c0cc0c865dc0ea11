import { Column } from "./column.ts";
/**
 * The column of values that JavaScript made: float64, utf8, boolean, int64 (bigint) or timestamp(ms, UTC).
 *
 * undefined and invalid dates become null. Nothing but nulls has no type of its own: it takes the other side's in a
 * concat and is written as float64. LS2017 for several types, LS2016 for what is no scalar; `what` names the column.
 */
export declare function inferColumn(values: ArrayLike<unknown>, what: string): Column;
/** The stored form of an integer: a number where that is safe. */
export declare function canonicalInteger(value: bigint): number | bigint;
