import { type ArrowType } from "./arrow-type.ts";
import { type View } from "./column.ts";
import type { Columns } from "./row.ts";
/** Columns as an Arrow IPC stream, every bit of them. Nothing but nulls is float64. LS2015 for a type not carried. */
export declare function toIpc(columns: Columns): Uint8Array;
/** The columns of an Arrow IPC stream; `views` says which are seen otherwise than by default. */
export declare function fromIpc(bytes: Uint8Array, views?: Readonly<Record<string, View>>): {
    columns: Columns;
    rows: number;
};
/** The IPC schema message of columns: what Parquet files carry as ARROW:schema. */
export declare function schemaMessage(columns: Columns): Uint8Array;
/** Column → type of an IPC schema message. */
export declare function schemaTypes(message: Uint8Array): ReadonlyMap<string, ArrowType>;
