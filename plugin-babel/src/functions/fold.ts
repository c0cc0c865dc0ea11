/** Constant folding of what every engine computes alike. */
import type { Expression, LiteralExpression } from "../ir/expression.ts";

type Plain = LiteralExpression["value"];
type Folding = (...args: never[]) => Plain;

const foldings: Readonly<Record<string, Folding>> = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
  div: (a: number, b: number) => a / b,
  mod: (a: number, b: number) => a % b,
  neg: (a: number) => -a,
  lt: (a: number, b: number) => a < b,
  le: (a: number, b: number) => a <= b,
  gt: (a: number, b: number) => a > b,
  ge: (a: number, b: number) => a >= b,
  eq: (a: Plain, b: Plain) => a === b,
  ne: (a: Plain, b: Plain) => a !== b,
  "bit.and": (a: number, b: number) => a & b,
  "bit.or": (a: number, b: number) => a | b,
  "bit.xor": (a: number, b: number) => a ^ b,
  "bit.not": (a: number) => ~a,
  "bit.shl": (a: number, b: number) => a << b,
  "bit.shr": (a: number, b: number) => a >> b,
  "bit.ushr": (a: number, b: number) => a >>> b,
  concat: (...parts: Plain[]) => parts.map(String).join(""),
  "Math.abs": Math.abs,
  "Math.ceil": Math.ceil,
  "Math.floor": Math.floor,
  "Math.max": Math.max,
  "Math.min": Math.min,
  "Math.round": Math.round,
  "Math.sign": Math.sign,
  "Math.sqrt": Math.sqrt,
  "Math.trunc": Math.trunc,
  "Date.UTC": (year: number, ...rest: number[]) => Date.UTC(year, ...rest),
  Number: (x: Plain) => Number(x),
  "string.length": (s: string) => s.length,
  "string.toLowerCase": (s: string) => s.toLowerCase(),
  "string.toUpperCase": (s: string) => s.toUpperCase(),
};

/** The call as a literal when all its arguments are; bigints and dates are left to the engine. */
export function fold(e: Expression): Expression {
  if (e.kind !== "call") return e;
  const compute = foldings[e.function];
  const values = e.args.map((arg) => (arg.kind === "literal" && arg.type.js !== "date" && typeof arg.value !== "bigint" ? { value: arg.value } : null));
  if (!compute || values.some((value) => value === null)) return e;
  const value = compute(...(values.map((v) => v!.value) as never[]));
  return { kind: "literal", value, type: { js: e.type.js, nullable: false }, span: e.span };
}
