/**
 * The types the compiler reasons about. A table is a row type; a scalar is a JavaScript type that may be null.
 *
 * Arrow types are not here: the compiler decides what JavaScript sees, the engine keeps the bits.
 */

/** What JavaScript sees when it looks at one value. */
export type ScalarType = "number" | "string" | "boolean" | "bigint" | "date";
/** And at a value or an array of values of one type. */
export type JsType = ScalarType | ListType;
export type ListType = `${ScalarType}[]`;

export const isList = (js: JsType): js is ListType => js.endsWith("[]");

/** Of a list's elements. */
export const elementOf = (js: ListType): ScalarType => js.slice(0, -2) as ScalarType;

export interface ValueType {
  readonly js: JsType;
  /** Of a list: its type admits null among the elements. (It may come where the type does not.) */
  readonly holes?: true;
  /** null is a possible value. (`undefined` is not: tables store null.) */
  readonly nullable: boolean;
  /** Of a column: null may come although its type denies it (a mean of NaN alone, `map.get(k)!`, an invalid Date). */
  readonly unsure?: true;
}

export const mayBeNull = (type: ValueType): boolean => type.nullable || type.unsure === true;

export const unsureType = (type: ValueType): ValueType => (type.nullable ? type : { ...type, unsure: true });

/** What a column holds that has its values from columns of both types. */
export function eitherType(a: ValueType, b: ValueType): ValueType {
  const type = { js: a.js, nullable: a.nullable || b.nullable, ...((a.holes || b.holes) && { holes: true as const }) };
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

/** `string | null`, `number`, `(Date | null)[]`, … as TypeScript prints it. */
export function printType(type: ValueType): string {
  const name = printJs(type.js, type.holes === true);
  return type.nullable ? `${name} | null` : name;
}

/** `holes`: null may be among a list's elements. */
export function printJs(js: JsType, holes = false): string {
  if (!isList(js)) return js === "date" ? "Date" : js;
  const element = printJs(elementOf(js));
  return holes ? `(${element} | null)[]` : `${element}[]`;
}
