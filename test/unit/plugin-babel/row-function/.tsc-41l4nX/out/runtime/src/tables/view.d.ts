import { type Column, type Value } from "./column.ts";
/** Row number → what JavaScript sees there. */
export type Reader = (row: number) => Value;
/** How JavaScript looks at a column. */
export declare function reader(column: Column): Reader;
/** Ticks → whole milliseconds, rounded down. */
export declare function milliseconds(ticks: number | bigint, perMillisecond: number): number;
