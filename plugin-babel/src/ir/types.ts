/**
 * The types the compiler reasons about. A table is a row type; a scalar is a JavaScript type that may be null.
 *
 * Arrow types are not here: the compiler decides what JavaScript sees, the engine keeps the bits.
 */

/** What JavaScript sees when it looks at a value. */
export type JsType = "number" | "string" | "boolean" | "bigint" | "date";

export interface ValueType {
  readonly js: JsType;
  /** null is a possible value. (`undefined` is not: tables store null.) */
  readonly nullable: boolean;
}

export interface Column {
  readonly name: string;
  readonly type: ValueType;
}

/** Columns in table order; names are unique. */
export type RowType = readonly Column[];

/** A stretch of the user's source. Lines count from 1, columns from 0 (as in source maps). */
export interface SourceSpan {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** `string | null`, `number`, … as TypeScript prints it. */
export function printType(type: ValueType): string {
  const name = type.js === "date" ? "Date" : type.js;
  return type.nullable ? `${name} | null` : name;
}
