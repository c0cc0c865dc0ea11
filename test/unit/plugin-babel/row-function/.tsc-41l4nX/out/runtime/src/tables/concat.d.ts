import { Column } from "./column.ts";
/**
 * Columns one below the other. Equal types stay; otherwise numbers become float64, strings utf8, dates and timestamps
 * a timestamp of the finest unit. LS2017 where JavaScript sees different types.
 */
export declare function concatColumns(name: string, parts: readonly Column[]): Column;
