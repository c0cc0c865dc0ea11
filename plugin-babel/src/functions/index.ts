/** The catalogue: every function a plan may call, by family. Nothing else lists function names. */
import { aggregates, type AggregateFunction } from "./aggregate.ts";
import { conversions } from "./convert.ts";
import { dates } from "./date.ts";
import { lists } from "./list.ts";
import { math } from "./math.ts";
import { numbers } from "./number.ts";
import { operators } from "./operators.ts";
import type { ScalarFunction } from "./scalar-function.ts";
import { strings } from "./string.ts";
import { windows, type WindowFunction } from "./window.ts";
import type { JsType } from "../ir/types.ts";

export type { AggregateFunction, ScalarFunction, WindowFunction };
export { aggregates };

/** Scalar functions by the plan's name. */
export const scalarFunctions: ReadonlyMap<string, ScalarFunction> = new Map(
  [operators, math, numbers, conversions, strings, dates, lists].flat().map((fn) => [fn.name, fn]),
);

/** Aggregates by the name written after `op.`. */
export const aggregateFunctions: ReadonlyMap<string, AggregateFunction> = new Map(aggregates.map((fn) => [fn.name, fn]));

/** Window functions by the name written after `op.`. */
export const windowFunctions: ReadonlyMap<string, WindowFunction> = new Map(windows.map((fn) => [fn.name, fn]));

/** `Math.floor`, `parseInt`: a function written by its own name. */
export function functionNamed(name: string): ScalarFunction | undefined {
  const fn = scalarFunctions.get(name);
  return fn && (fn.form === "static" || fn.form === "global") ? fn : undefined;
}

/** `s.trim()`: a method (or `length`) of a type. */
export function methodNamed(receiver: JsType, name: string): ScalarFunction | undefined {
  const fn = scalarFunctions.get(`${receiver}.${name}`);
  return fn?.form === "method" && fn.receiver !== undefined ? fn : undefined;
}

/** The methods of a type, for "did you mean". */
export function methodNames(receiver: JsType): string[] {
  return [...scalarFunctions.values()].filter((fn) => fn.receiver === receiver).map((fn) => fn.name.slice(receiver.length + 1));
}
