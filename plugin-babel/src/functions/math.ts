/** `Math.*`: exactly V8's where ECMAScript is exact, else within one unit in the last place. */
import { number, rest, staticFunction, type ScalarFunction } from "./scalar-function.ts";

const one = (name: string, docs: string) => staticFunction(`Math.${name}`, [number], "number", docs);
const two = (name: string, docs: string) => staticFunction(`Math.${name}`, [number, number], "number", docs);
const many = (name: string, docs: string) => staticFunction(`Math.${name}`, [rest(number)], "number", docs);

export const math: readonly ScalarFunction[] = [
  one("abs", "absolute value"),
  one("acos", "arc cosine"),
  one("acosh", "inverse hyperbolic cosine"),
  one("asin", "arc sine"),
  one("asinh", "inverse hyperbolic sine"),
  one("atan", "arc tangent"),
  two("atan2", "angle of the point (x, y), written atan2(y, x)"),
  one("atanh", "inverse hyperbolic tangent"),
  one("cbrt", "cube root"),
  one("ceil", "smallest integer not below"),
  one("clz32", "leading zero bits of the 32-bit integer"),
  one("cos", "cosine"),
  one("cosh", "hyperbolic cosine"),
  one("exp", "e to the power"),
  one("expm1", "e to the power, minus 1"),
  one("floor", "largest integer not above"),
  one("fround", "nearest 32-bit float"),
  many("hypot", "square root of the sum of squares"),
  two("imul", "32-bit integer product"),
  one("log", "natural logarithm"),
  one("log10", "logarithm to base 10"),
  one("log1p", "natural logarithm of 1 + x"),
  one("log2", "logarithm to base 2"),
  many("max", "largest; NaN if one is NaN; of nothing -Infinity"),
  many("min", "smallest; NaN if one is NaN; of nothing Infinity"),
  two("pow", "x to the power y"),
  one("round", "nearest integer, halves up"),
  one("sign", "-1, -0, 0, 1 or NaN"),
  one("sin", "sine"),
  one("sinh", "hyperbolic sine"),
  one("sqrt", "square root"),
  one("tan", "tangent"),
  one("tanh", "hyperbolic tangent"),
  one("trunc", "integer part"),
];
