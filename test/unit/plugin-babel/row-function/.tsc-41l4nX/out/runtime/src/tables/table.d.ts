import type { WriteCsvOptions } from "../connectors/csv/write.ts";
import type { WriteParquetOptions } from "../connectors/parquet/write.ts";
import { GroupedTable } from "./grouped.ts";
import { type OrderKey } from "./order.ts";
import { type Columns } from "./row.ts";
import type * as T from "./types.ts";
/** Which rows: at most `limit`, after skipping `offset`. */
export interface RowRange {
    readonly limit?: number;
    readonly offset?: number;
}
/**
 * A table whose columns are known to the type checker. Tables are immutable: a verb returns a new one.
 *
 * Verbs have Arquero's names and meaning. A row function (`d => d.fare * rate`) is ordinary JavaScript.
 * Under plain Node a verb computes at once, except that a column is read or gathered when it is first looked at.
 */
export declare class Table<Row> implements Iterable<Row> {
    #private;
    /** The columns, for connectors and verbs. */
    readonly columns: Columns;
    /** Made by readers and verbs; use {@link table} for a literal. */
    constructor(columns: Columns, rows: number);
    /** Rows for which the predicate is truthy. */
    filter(predicate: T.RowFunction<Row>): Table<Row>;
    /** Adds columns, or replaces those of the same name in place. All functions see the row as it was. */
    derive<const F extends T.RowFunctions<Row>>(functions: F): Table<T.Derived<Row, F>>;
    /** Chooses and orders columns: names, arrays of names, or { old: "new" }. */
    select<const S extends readonly T.Selection<Row>[]>(...columns: S): Table<T.Selected<Row, S>>;
    /** Renames columns in place: { old: "new" }. */
    rename<const M extends Readonly<Record<string, string>>>(names: M & T.Renaming<Row, M>): Table<T.Renamed<Row, M>>;
    /**
     * Rows of both tables with equal keys, in left, then right row order. Null and NaN keys match nothing.
     * A key of the same name on both sides appears once; other clashing names get _1 and _2.
     * `on` is a name, [left, right], or [[left, …], [right, …]]; without it, all shared names.
     */
    join<Other, K extends T.SharedKey<Row, Other>>(other: Table<Other>, on?: K | readonly [K]): Table<T.Joined<Row, Other, K>>;
    join<Other, const L extends T.KeySide<Row>, const R extends T.KeySide<Other>>(other: Table<Other>, on: readonly [left: L, right: R]): Table<T.Joined<Row, Other, T.SharedNames<L, R>>>;
    /** As join, and after the matches the unmatched left rows with null for the right columns. */
    join_left<Other, K extends T.SharedKey<Row, Other>>(other: Table<Other>, on?: K | readonly [K]): Table<T.Joined<Row, Other, K, null>>;
    join_left<Other, const L extends T.KeySide<Row>, const R extends T.KeySide<Other>>(other: Table<Other>, on: readonly [left: L, right: R]): Table<T.Joined<Row, Other, T.SharedNames<L, R>, null>>;
    /** The rows that have a match in the other table. */
    semijoin<Other>(other: Table<Other>, on?: T.SharedKey<Row, Other> | readonly [T.KeySide<Row>, T.KeySide<Other>]): Table<Row>;
    /** The rows that have no match in the other table. */
    antijoin<Other>(other: Table<Other>, on?: T.SharedKey<Row, Other> | readonly [T.KeySide<Row>, T.KeySide<Other>]): Table<Row>;
    /** Groups by columns and { name: row function }; groups stand in order of first appearance. */
    groupby<const K extends readonly T.Key<Row>[]>(...keys: K): GroupedTable<Row, T.Keys<Row, K>>;
    /** One row of aggregates over the whole table. */
    rollup<const A extends T.Aggregates<Row>>(aggregates: A): Table<T.Simplify<T.TotalResults<A>>>;
    /** One row, one column: the number of rows. */
    count(): Table<{
        count: number;
    }>;
    /** Sorts: stable; null and NaN come first, with desc() last; strings by UTF-16 code unit. */
    orderby(...keys: T.NonEmpty<OrderKey<Row>>): Table<Row>;
    /** Rows start to end (exclusive); negative numbers count from the end. */
    slice(start?: number, end?: number): Table<Row>;
    /** The rows of the tables one after another, with the columns of this one. */
    concat(...others: Table<Row>[]): Table<Row>;
    /** The first row of each distinct key; without keys, of each distinct row. */
    dedupe(...keys: T.Key<Row>[]): Table<Row>;
    /** The number of rows. */
    numRows(): number;
    /** The names of the columns, in order. */
    columnNames(): T.ColumnName<Row>[];
    /** The value of a column in a row (the first, by default); undefined if there is no such row. */
    get<C extends T.ColumnName<Row>>(column: C, row?: number): Row[C];
    /** The rows as objects. */
    objects(range?: RowRange): Row[];
    /** The values of a column. */
    array<C extends T.ColumnName<Row>>(column: C): Row[C][];
    [Symbol.iterator](): IterableIterator<Row>;
    /** Prints rows to the console: the first 10 by default. */
    print(range?: RowRange): void;
    /** Writes a folder of Parquet files that appears complete or not at all. LS2007 if it exists, without `overwrite`. */
    writeParquet(path: string | URL, options?: WriteParquetOptions<Row>): Promise<void>;
    /** Writes a folder of CSV files that appears complete or not at all. LS2007 if it exists, without `overwrite`. */
    writeCsv(path: string | URL, options?: WriteCsvOptions): Promise<void>;
}
/** A table of the given columns: `table({ id: [1, 2], at: [new Date(), null] })`. */
export declare function table<C extends Readonly<Record<string, readonly T.Scalar[]>>>(columns: C): Table<{
    -readonly [K in keyof C]: T.Stored<T.Widened<C[K][number]>>;
}>;
