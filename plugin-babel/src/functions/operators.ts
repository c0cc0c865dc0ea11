/** Operators under the names they have in plans. How each is typed stands with the parser's operators. */
import { any, numeric, number, operator, optional, rest, type ScalarFunction } from "./scalar-function.ts";

const divides = { fallible: true };

export const operators: readonly ScalarFunction[] = [
  operator("add", [numeric, numeric], "same", "a + b of numbers or bigints"),
  operator("sub", [numeric, numeric], "same", "a - b"),
  operator("mul", [numeric, numeric], "same", "a * b"),
  operator("div", [numeric, numeric], "same", "a / b; a bigint divided by 0n throws", divides),
  operator("mod", [numeric, numeric], "same", "a % b, the sign of a; a bigint by 0n throws", divides),
  operator("pow", [numeric, numeric], "same", "a ** b; a negative bigint exponent throws", divides),
  operator("neg", [numeric], "same", "-a"),
  operator("plus", [any], "number", "+a: Number(a)"),
  operator("concat", [rest(any)], "string", "string + and template strings: every argument as String(x)"),
  operator("lt", [any, any], "boolean", "a < b; strings by UTF-16 code units"),
  operator("le", [any, any], "boolean", "a <= b"),
  operator("gt", [any, any], "boolean", "a > b"),
  operator("ge", [any, any], "boolean", "a >= b"),
  operator("eq", [any, any], "boolean", "a === b; null equals null"),
  operator("ne", [any, any], "boolean", "a !== b"),
  operator("not", [any], "boolean", "!a"),
  operator("truthy", [any], "boolean", "what a condition makes of a value: not null, NaN, 0, 0n, \"\" or false"),
  operator("isNull", [any], "boolean", "a == null"),
  operator("in", [any, rest(any)], "boolean", "[b, c].includes(a): SameValueZero"),
  operator("bit.and", [number, number], "number", "a & b"),
  operator("bit.or", [number, number], "number", "a | b"),
  operator("bit.xor", [number, number], "number", "a ^ b"),
  operator("bit.not", [number], "number", "~a"),
  operator("bit.shl", [number, number], "number", "a << b"),
  operator("bit.shr", [number, number], "number", "a >> b"),
  operator("bit.ushr", [number, number], "number", "a >>> b"),
  operator("bin", [number, number, number, number, optional(number)], "number", "op.bin(value, min, max, step, offset): the lower boundary of the value's bin"),
];
