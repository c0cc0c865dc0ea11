/**
 * The types the compiler reasons about. A table is a row type; a scalar is a JavaScript type that may be null.
 *
 * Arrow types are not here: the compiler decides what JavaScript sees, the engine keeps the bits.
 */

/** What JavaScript sees when it looks at one value. */
export type ScalarType = "number" | "string" | "boolean" | "bigint" | "date";
/** And at an array of values of one type, or an object. */
export type JsType = ScalarType | ListType | ObjectType;
/** `number[]`, `{x: number}[]`, `string?[][]` */
export type ListType = `${string}[]`;
/** `{x: number, at: {y: date?}?, tags: string?[]}`: its members in their order; `?` behind a type, or the elements' of a list, admits null there. */
export type ObjectType = `{${string}}`;

export const isList = (js: JsType): js is ListType => js.endsWith("[]");
export const isObject = (js: JsType): js is ObjectType => js.endsWith("}");
/** Whether it is made of other types. */
export const isNested = (js: JsType): js is ListType | ObjectType => isList(js) || isObject(js);

/** Of a list's elements. */
export const elementOf = (js: ListType): JsType => valueType(js.slice(0, -2)).js;

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
  const type = { js: eitherJs(a.js, b.js), nullable: a.nullable || b.nullable, ...((a.holes || b.holes) && { holes: true as const }) };
  return a.unsure || b.unsure ? unsureType(type) : type;
}

/** Of types that differ in what admits null. */
function eitherJs(a: JsType, b: JsType): JsType {
  if (a === b) return a;
  if (isList(a) && isList(b)) return listOf(eitherType(valueType(a.slice(0, -2)), valueType(b.slice(0, -2)))).js;
  if (!isObject(a) || !isObject(b)) return a;
  const others = membersOf(b);
  return objectOf(membersOf(a).map(({ name, type }, n) => ({ name, type: eitherType(type, others[n]!.type) })));
}

/** Whether values of the types are of one column: what admits null does not matter. */
export const isSameJs = (a: JsType, b: JsType): boolean => a === b || planType(a) === planType(b);

/** The type of a list of such values. */
export function listOf(element: ValueType): ValueType {
  return { js: `${typeText({ ...element, nullable: false })}[]`, nullable: false, ...(element.nullable && { holes: true as const }) };
}

/** What is in a list. */
export function elementsOf({ js, holes }: ValueType): ValueType {
  return { ...valueType(js.slice(0, -2)), nullable: holes === true };
}

/** The type as text, also inside of other types: `number?`, `string?[]`. */
export function typeText({ js, nullable, holes }: ValueType): string {
  return `${holes ? `${js.slice(0, -2)}?[]` : js}${nullable ? "?" : ""}`;
}

/** The inverse of `typeText`. */
export function valueType(text: string): ValueType {
  const nullable = text.endsWith("?");
  const js = nullable ? text.slice(0, -1) : text;
  const holes = js.endsWith("?[]");
  return { js: (holes ? `${js.slice(0, -3)}[]` : js) as JsType, nullable, ...(holes && { holes }) };
}

/** Names in the order in which objects of JavaScript have them: integers first, by size. */
export const keyOrder = (names: readonly string[]): string[] => Object.keys(Object.fromEntries(names.map((name) => [name, true])));

/** The type of an object with these members. */
export function objectOf(members: RowType): ObjectType {
  const named = new Map(members.map((member) => [member.name, member]));
  return `{${keyOrder([...named.keys()]).map((name) => named.get(name)!).map(({ name, type }) => `${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}: ${typeText(type)}`).join(", ")}}`;
}

export function membersOf(js: ObjectType): RowType {
  const members: Column[] = [];
  for (let at = 1; js[at] !== "}"; ) {
    if (js[at] === ",") at += ", ".length;
    const name = /[\w$]+|"(?:[^"\\]|\\.)*"/y;
    name.lastIndex = at;
    const written = name.exec(js)![0];
    const begin = name.lastIndex + ": ".length;
    at = endOfType(js, begin);
    members.push({ name: written.startsWith('"') ? (JSON.parse(written) as string) : written, type: valueType(js.slice(begin, at)) });
  }
  return members;
}

/** Where a type that begins at `at` ends. */
function endOfType(text: string, at: number): number {
  for (let depth = 0; at < text.length; at++) {
    if (text[at] === '"') at = endOfName(text, at);
    else if (text[at] === "{") depth++;
    else if (depth === 0 && /[,}]/.test(text[at]!)) break;
    else if (text[at] === "}") depth--;
  }
  return at;
}

function endOfName(text: string, at: number): number {
  for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
  return at;
}

/** As plans have it, where any value may be null. */
export const planType = (js: JsType): JsType => (isNested(js) ? (js.replaceAll(/"(?:[^"\\]|\\.)*"|\?/g, (part) => (part === "?" ? "" : part)) as JsType) : js);

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

/** `string | null`, `number`, `(Date | null)[]`, `{ x: number; y: string | null }`, … as TypeScript prints it. */
export function printType(type: ValueType): string {
  const name = printJs(type.js, type.holes === true);
  return type.nullable ? `${name} | null` : name;
}

/** `holes`: null may be among a list's elements. */
export function printJs(js: JsType, holes = false): string {
  if (isObject(js)) {
    const members = membersOf(js).map(({ name, type }) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)}: ${printType(type)}`);
    return members.length === 0 ? "{}" : `{ ${members.join("; ")} }`;
  }
  if (!isList(js)) return js === "date" ? "Date" : js;
  const element = printType(elementsOf({ js, nullable: false }));
  return holes ? `(${element} | null)[]` : `${element}[]`;
}
