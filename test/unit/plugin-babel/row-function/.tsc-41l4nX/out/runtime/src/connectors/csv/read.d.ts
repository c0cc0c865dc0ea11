import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { type InputPath } from "../paths.ts";
import { type CsvType } from "./types.ts";
/** Options of {@link readCsv}. */
export interface ReadCsvOptions<Row> {
    /** One character; a comma by default. */
    readonly delimiter?: string;
    /** Whether the first line of each file names the columns: true by default; otherwise they are col1, col2, … */
    readonly header?: boolean;
    /** Types of columns, in place of the inferred ones: `{ zip: "string" }`. */
    readonly types?: {
        readonly [K in keyof Row & string]?: CsvType;
    };
}
/**
 * Reads CSV: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * A column is what all its values are, in this order: boolean, number, ISO date or time (UTC), string. An empty field is
 * null, a quoted empty one the empty string. LS2001, LS2002, LS2006.
 */
export declare function readCsv<Row extends object = Record<never, never>>(path: InputPath, options?: ReadCsvOptions<Row>): Promise<Table<StoredRow<Row>>>;
