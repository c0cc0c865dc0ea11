import type { Columns } from "../../tables/row.ts";
/** Options of writeCsv. */
export interface WriteCsvOptions {
    /** Replace an existing output. */
    readonly overwrite?: boolean;
    /** One character; a comma by default. */
    readonly delimiter?: string;
    /** Whether each file starts with the columns' names: true by default. */
    readonly header?: boolean;
    /** "program": the rows of the files, in name order, stand in the table's order, as they do after orderby(). */
    readonly order?: "program";
}
/** Writes `path/part-00000.csv`; see Table.writeCsv. */
export declare function writeCsv(columns: Columns, rows: number, path: string | URL, options: WriteCsvOptions): Promise<void>;
