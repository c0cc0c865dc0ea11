import { arquero } from "./arquero.ts";

type N = number | null | undefined;
type S = string | null | undefined;

/** Arquero's names of `Math`'s functions; null counts as 0. */
const numeric = [
  "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clz32", "cos", "cosh", "exp", "expm1", "floor", "fround",
  "greatest", "least", "log", "log10", "log1p", "log2", "pow", "round", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
] as const;
/** Functions of text; null stays null. */
const textual = ["upper", "lower", "trim"] as const;

type Binary = "atan2" | "pow";
type Variadic = "greatest" | "least";

/** Arquero's scalar functions that are plain functions of their arguments, for use in row functions. */
export type ScalarFunctions = {
  readonly [K in Exclude<(typeof numeric)[number], Binary | Variadic>]: (x: N) => number;
} & {
  readonly [K in Binary]: (x: N, y: N) => number;
} & {
  readonly [K in Variadic]: (...x: N[]) => number;
} & {
  readonly [K in (typeof textual)[number]]: <T extends S>(text: T) => T extends string ? string : null;
} & {
  /**
   * The lower boundary of the bin that the value is in, of bins of `step` from `min` to `max`; -Infinity below, Infinity above; null stays null. With
   * `offset` 1 the upper boundary.
   */
  readonly bin: <T extends N>(value: T, min: N, max: N, step: N, offset?: N) => T extends number ? number : null;
};

/** Each calls Arquero's function of the same name. */
export const scalarFunctions = Object.fromEntries(
  [...numeric, ...textual, "bin"].map((name) => [name, (...args: unknown[]) => arquero().op[name]!(...args)]),
) as unknown as ScalarFunctions;
