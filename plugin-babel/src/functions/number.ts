/** Tests of numbers, and methods of numbers and bigints. */
import { any, globalFunction, method, number, optional, staticFunction, type ScalarFunction } from "./scalar-function.ts";

const throwsOnRange = { fallible: true };

export const numbers: readonly ScalarFunction[] = [
  staticFunction("Number.isNaN", [any], "boolean", "is the number NaN"),
  staticFunction("Number.isFinite", [any], "boolean", "is a number, not NaN and not infinite"),
  staticFunction("Number.isInteger", [any], "boolean", "is a number without fraction"),
  staticFunction("Number.isSafeInteger", [any], "boolean", "is an integer within ±(2^53 - 1)"),
  globalFunction("isNaN", [number], "boolean", "is NaN"),
  globalFunction("isFinite", [number], "boolean", "is neither NaN nor infinite"),
  method("number", "toFixed", [optional(number)], "string", "decimal text with that many digits after the point; throws outside 0–100", throwsOnRange),
  method("number", "toString", [optional(number)], "string", "text in that radix, 10 if absent; throws outside 2–36", throwsOnRange),
];
