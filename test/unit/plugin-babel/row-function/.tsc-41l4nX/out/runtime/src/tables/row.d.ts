import { LockstepError } from "../errors/index.ts";
import type { Column } from "./column.ts";
export type Columns = ReadonlyMap<string, Column>;
/** A row function, called with the row it is moved to. */
export interface Cursor {
    /** One object for all rows: a property reads its column in the current row, so only what is looked at is read. */
    readonly row: object;
    move(row: number): void;
}
/** A cursor over columns. Reading a name that is no column is LS2016. */
export declare function cursor(columns: Columns): Cursor;
/** LS2016: the name is not among the columns. */
export declare function unknownColumn(name: string, columns: Columns): LockstepError;
/** The column of a name, or LS2016. */
export declare function columnNamed(columns: Columns, name: string): Column;
