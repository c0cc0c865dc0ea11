import type { DecodedArray } from "hyparquet";
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { StoredValues } from "../../tables/column.ts";
/** Values as hyparquet decodes them without a logical type → as a column stores them. */
export declare function storedValues(values: DecodedArray, type: ArrowType): StoredValues;
