import { LockstepError } from "../errors/index.ts";
import { type ArrowType } from "./arrow-type.ts";
import { type Reader } from "./view.ts";
/**
 * A value as a column stores it; every bit of its Arrow type.
 *
 * Integers, days, ticks of a timestamp and unscaled decimals are a number where it is safe (|n| < 2^53) and a bigint
 * otherwise: one form for each value, so `===`, `<` and a Map's keys work on stored values as they are.
 */
export type Stored = number | bigint | string | boolean | Uint8Array | null;
export type StoredValues = ArrayLike<Stored>;
/** The type a value has when JavaScript looks at it; "none" where it cannot. */
export type View = "number" | "bigint" | "string" | "boolean" | "date" | "none";
/** A value that JavaScript looks at. */
export type Value = number | bigint | string | boolean | Date | null;
/** Row numbers; in a gathering one, -1 stands for a row of nulls. */
export type Rows = Int32Array;
/** A column: immutable, its values loaded (read, gathered) when they are first needed. */
export declare class Column {
    #private;
    readonly type: ArrowType;
    readonly view: View;
    readonly length: number;
    /** Where the values come from, for errors: `column id of trips/a.parquet`. */
    readonly origin: string | undefined;
    constructor(type: ArrowType, length: number, values: StoredValues | (() => StoredValues), options?: {
        view?: View;
        origin?: string | undefined;
    });
    get values(): StoredValues;
    /** What JavaScript sees in a row. LS2004 for an integer past 2^53, LS2015 for a type it cannot look at. */
    get at(): Reader;
    /** The same column, seen as something else. */
    seenAs(view: View): Column;
    /** The named rows in their order. */
    take(rows: Rows): Column;
}
/** What JavaScript sees of a type unless the program says otherwise. */
export declare function viewOf(type: ArrowType): View;
/** Refuses to look at, compute with or write a column of a type that tables do not carry. */
export declare function unsupportedType(column: Column, purpose: string): LockstepError;
