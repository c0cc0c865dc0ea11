import { type Columns } from "../../tables/row.ts";
/** Options of writeParquet. */
export interface WriteParquetOptions<Row> {
    /** Replace an existing output. */
    readonly overwrite?: boolean;
    /** "snappy" by default. */
    readonly compression?: "snappy" | "zstd" | "gzip" | "lz4" | "none";
    /** Rows in a row group: 1,048,576 by default. */
    readonly rowGroupRows?: number;
    /** Columns written as another Arrow type: `{ id: "int32" }`. */
    readonly types?: {
        readonly [K in keyof Row & string]?: string;
    };
    /** "program": the rows of the files, in name order, stand in the table's order, as they do after orderby(). */
    readonly order?: "program";
}
/** Writes `path/part-00000.parquet`; see Table.writeParquet. */
export declare function writeParquet(columns: Columns, rows: number, path: string | URL, options: WriteParquetOptions<never>): Promise<void>;
