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
  /** Of a column: null may come although its type denies it (a mean of NaN alone, `map.get(k)!`, an invalid Date). */
  readonly unsure?: true;
}

export const mayBeNull = (type: ValueType): boolean => type.nullable || type.unsure === true;

export const unsureType = (type: ValueType): ValueType => (type.nullable ? type : { ...type, unsure: true });

/** What a column holds that has its values from columns of both types. */
export function eitherType(a: ValueType, b: ValueType): ValueType {
  const type = { js: a.js, nullable: a.nullable || b.nullable };
  return a.unsure || b.unsure ? unsureType(type) : type;
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
