import type { KeyCodes } from "./keys.ts";
import { type Columns } from "./row.ts";
import { Table } from "./table.ts";
import type * as T from "./types.ts";
/** A table in groups: what groupby() gives, for rollup() or count(). */
export declare class GroupedTable<Row, Keys> {
    #private;
    constructor(columns: Columns, keys: Columns, groups: KeyCodes);
    /** A row of keys and aggregates for each group: `rollup({ n: op.count(), fare: op.mean("fare") })`. */
    rollup<const A extends T.Aggregates<Row>>(aggregates: A): Table<T.Simplify<Omit<Keys, keyof A> & T.GroupResults<A>>>;
    /** The keys and the number of rows of each group, as `count`. */
    count(): Table<T.Simplify<Omit<Keys, "count"> & {
        count: number;
    }>>;
}
