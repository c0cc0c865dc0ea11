/** Methods of strings. Lengths and positions count UTF-16 code units; patterns are strings. */
import { method, number, optional, rest, string, type Parameter, type ScalarFunction } from "./scalar-function.ts";
import type { JsType } from "../ir/types.ts";

type Traits = { fallible?: boolean; mayBeUndefined?: boolean };
const of = (name: string, params: readonly Parameter[], result: JsType, docs: string, traits?: Traits) => method("string", name, params, result, docs, traits);
const position = optional(number);
const absent = { mayBeUndefined: true };

export const strings: readonly ScalarFunction[] = [
  of("length", [], "number", "number of code units; written without parentheses"),
  of("charAt", [number], "string", "the code unit at a position, \"\" outside"),
  of("charCodeAt", [number], "number", "the code unit's number at a position, NaN outside"),
  of("codePointAt", [number], "number", "the code point at a position, undefined outside", absent),
  of("at", [number], "string", "the code unit at a position, counted from the end if negative, undefined outside", absent),
  of("slice", [position, position], "string", "from start to before end; negative positions count from the end"),
  of("substring", [position, position], "string", "from the smaller to before the larger position"),
  of("indexOf", [string, position], "number", "first position of a text, -1 if absent"),
  of("lastIndexOf", [string, position], "number", "last position of a text, -1 if absent"),
  of("includes", [string, position], "boolean", "does the text occur"),
  of("startsWith", [string, position], "boolean", "does it begin with the text"),
  of("endsWith", [string, position], "boolean", "does it end with the text"),
  of("toUpperCase", [], "string", "upper case, by Unicode, no locale"),
  of("toLowerCase", [], "string", "lower case, by Unicode, no locale"),
  of("trim", [], "string", "without white space at both ends"),
  of("trimStart", [], "string", "without leading white space"),
  of("trimEnd", [], "string", "without trailing white space"),
  of("padStart", [number, optional(string)], "string", "filled on the left to a length"),
  of("padEnd", [number, optional(string)], "string", "filled on the right to a length"),
  of("repeat", [number], "string", "that many copies; throws below 0", { fallible: true }),
  of("replace", [string, string], "string", "first occurrence replaced; $-patterns work"),
  of("replaceAll", [string, string], "string", "all occurrences replaced; $-patterns work"),
  of("concat", [rest(string)], "string", "texts one after another"),
];
