import type { Columns } from "./row.ts";
/** Rows as aligned text, numbers to the right, with a line saying how many there are. */
export declare function printTable(columns: Columns, rows: number, { limit, offset }: {
    limit?: number;
    offset?: number;
}): string;
