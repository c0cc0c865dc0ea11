import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { type InputPath } from "../paths.ts";
/** Options of {@link readParquet}. */
export interface ReadParquetOptions<Row> {
    /** Columns seen otherwise than by default: an int64 column as "bigint". */
    readonly types?: {
        readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date";
    };
}
/**
 * Reads Parquet: a file, a folder (recursively), a glob or a list, one table in name order of the files.
 *
 * `Row` is what the program expects of the columns it uses. The files and their schema are fixed here; a column is
 * decoded when it is first looked at. LS2001, LS2002, LS2005.
 */
export declare function readParquet<Row extends object = Record<never, never>>(path: InputPath, options?: ReadParquetOptions<Row>): Promise<Table<StoredRow<Row>>>;
