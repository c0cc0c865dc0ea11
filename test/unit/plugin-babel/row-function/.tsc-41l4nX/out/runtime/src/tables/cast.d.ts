import { type ArrowType } from "./arrow-type.ts";
import { Column } from "./column.ts";
/** A column as another Arrow type, for writing. LS2015 if the types do not convert, or a value does not fit. */
export declare function castColumn(name: string, column: Column, type: ArrowType): Column;
