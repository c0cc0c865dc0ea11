import { type ArrowType } from "../../tables/arrow-type.ts";
import type { Stored, View } from "../../tables/column.ts";
/** What a CSV column can be, by the names of the reader's `types`. */
export type CsvType = "boolean" | "number" | "date" | "string" | "bigint";
/** How the text of a type is read: `undefined` if the text is no value of it. */
export interface CsvTypeRule {
    readonly type: ArrowType;
    readonly view: View;
    readonly parse: (text: string) => Stored | undefined;
    /** Texts that are values of the type where the program names it, though no column is inferred from them. */
    readonly also?: (text: string) => Stored | undefined;
}
export declare const csvTypes: Readonly<Record<CsvType, CsvTypeRule>>;
/** The order in which a column's type is tried; "string" holds everything. */
export declare const inferenceOrder: readonly CsvType[];
