/** Conversions between the types of columns. */
import { any, globalFunction, number, oneOf, optional, string, type ScalarFunction } from "./scalar-function.ts";

export const conversions: readonly ScalarFunction[] = [
  globalFunction("Number", [optional(any)], "number", "to a number as JavaScript converts: null is 0, \"\" is 0, a date its time value"),
  globalFunction("String", [optional(any)], "string", "to text as JavaScript prints: shortest digits that read back"),
  globalFunction("Boolean", [optional(any)], "boolean", "false for null, NaN, 0, 0n, \"\" and false"),
  globalFunction("BigInt", [oneOf("number", "string", "boolean", "bigint")], "bigint", "to a 64-bit integer; throws on a fraction or other text", { fallible: true }),
  globalFunction("parseInt", [string, optional(number)], "number", "leading integer of a text, NaN if none"),
  globalFunction("parseFloat", [string], "number", "leading number of a text, NaN if none"),
];
