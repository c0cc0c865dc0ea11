import { Column } from "./column.ts";
import type { KeyCodes } from "./keys.ts";
import type { AggregateName } from "./op.ts";
/** One aggregate of a rollup: `argument` is a column, or nothing for count. */
export interface Aggregation {
    readonly name: string;
    readonly aggregate: AggregateName;
    readonly argument: Column | undefined;
}
/** One value a group: Arquero's reducers over the rows in table order. */
export declare function aggregate(aggregations: readonly Aggregation[], { codes, first }: KeyCodes): [name: string, column: Column][];
