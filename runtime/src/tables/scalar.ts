import { arquero } from "./arquero.ts";

type N = number | null | undefined;
type S = string | null | undefined;

/** Arquero's scalar functions that are plain functions of their arguments. */
export interface ScalarFunctions {
  /** Absolute value. */ abs(x: N): number;
  /** Arc cosine. */ acos(x: N): number;
  /** Arc sine. */ asin(x: N): number;
  /** Arc tangent. */ atan(x: N): number;
  /** Arc tangent of y / x. */ atan2(y: N, x: N): number;
  /** Cube root. */ cbrt(x: N): number;
  /** The integer above. */ ceil(x: N): number;
  /** Cosine. */ cos(x: N): number;
  /** e to a power. */ exp(x: N): number;
  /** The integer below. */ floor(x: N): number;
  /** The greatest argument. */ greatest(...x: N[]): number;
  /** The least argument. */ least(...x: N[]): number;
  /** Natural logarithm. */ log(x: N): number;
  /** Logarithm to base 10. */ log10(x: N): number;
  /** Logarithm to base 2. */ log2(x: N): number;
  /** A power. */ pow(x: N, y: N): number;
  /** The nearest integer. */ round(x: N): number;
  /** -1, 0 or 1. */ sign(x: N): number;
  /** Sine. */ sin(x: N): number;
  /** Square root. */ sqrt(x: N): number;
  /** Tangent. */ tan(x: N): number;
  /** Without the digits after the point. */ trunc(x: N): number;
  /** Upper case. */ upper(s: string): string;
  upper(s: S): string | null;
  /** Lower case. */ lower(s: string): string;
  lower(s: S): string | null;
  /** Without white space at both ends. */ trim(s: string): string;
  trim(s: S): string | null;
}

const names = [
  "abs", "acos", "asin", "atan", "atan2", "cbrt", "ceil", "cos", "exp", "floor", "greatest", "least", "log", "log10", "log2", "pow", "round",
  "sign", "sin", "sqrt", "tan", "trunc", "upper", "lower", "trim",
] as const satisfies readonly (keyof ScalarFunctions)[];

/** Each calls Arquero's function of the same name. */
export const scalarFunctions = Object.fromEntries(
  names.map((name) => [name, (...args: unknown[]) => arquero().op[name]!(...args)]),
) as unknown as ScalarFunctions;
