import type { SchemaElement, SchemaTree } from "hyparquet";
import { type ArrowType } from "../../tables/arrow-type.ts";
/** The Arrow type of a Parquet column. */
export declare function arrowType({ element, children }: SchemaTree): ArrowType;
/** The Parquet column that an Arrow type is written as, nullable; the inverse of {@link arrowType}. */
export declare function schemaElement(name: string, type: ArrowType): SchemaElement;
