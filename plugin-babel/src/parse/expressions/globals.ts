/** Globals of JavaScript inside a row function. */
import { impureRowFunction } from "../../diagnostics/impure-row-function.ts";
import { functionNamed } from "../../functions/index.ts";
import type { SourceSpan } from "../../ir/types.ts";
import { foreignResult } from "./foreign.ts";
import { literal, scalar, unknown, type Value } from "./value.ts";
import type { Frame } from "./frame.ts";

/** The modules whose `op` is Arquero's. */
export const isFacade = (module: string): boolean => module === "@lockstep/runtime" || module === "arquero";

const namespaces: ReadonlySet<string> = new Set(["Math", "Number", "String", "Boolean", "BigInt", "Date", "Set", "Array", "Object", "JSON"]);

/** What differs from rank to rank, or reaches out of the program, and what to do instead. */
const impure: Readonly<Record<string, string>> = {
  console: "print outside the verb: console.* in the annotated function prints once",
  performance: "take the time into a const before the verb",
  process: "take the value into a const before the verb: const value = process.env.NAME",
  crypto: "compute it from a column that identifies the row",
  fetch: "read the data before the verb and join it as a table",
  require: "import the module at the top of the file",
  setTimeout: "a row function returns its value at once",
  setInterval: "a row function returns its value at once",
  queueMicrotask: "a row function returns its value at once",
  globalThis: "take the value into a const before the verb",
};

const impureMembers: Readonly<Record<string, string>> = {
  "Date.now": "take the time into a const before the verb: const now = Date.now()",
  "Math.random": "compute it from a column that identifies the row, or take one number into a const before the verb",
};

const constants: Readonly<Record<string, number>> = {
  "Math.E": Math.E,
  "Math.LN10": Math.LN10,
  "Math.LN2": Math.LN2,
  "Math.LOG10E": Math.LOG10E,
  "Math.LOG2E": Math.LOG2E,
  "Math.PI": Math.PI,
  "Math.SQRT1_2": Math.SQRT1_2,
  "Math.SQRT2": Math.SQRT2,
  "Number.EPSILON": Number.EPSILON,
  "Number.MAX_SAFE_INTEGER": Number.MAX_SAFE_INTEGER,
  "Number.MAX_VALUE": Number.MAX_VALUE,
  "Number.MIN_SAFE_INTEGER": Number.MIN_SAFE_INTEGER,
  "Number.MIN_VALUE": Number.MIN_VALUE,
  "Number.NaN": NaN,
  "Number.NEGATIVE_INFINITY": -Infinity,
  "Number.POSITIVE_INFINITY": Infinity,
  NaN,
  Infinity,
};

/** Null: JavaScript has no such global. */
export function globalValue(name: string, span: SourceSpan, frame: Frame): Value | null {
  if (name in constants) return scalar(literal(constants[name]!, "number", span));
  if (namespaces.has(name) || functionNamed(name) || foreignResult(name)) return { kind: "namespace", name };
  if (Object.hasOwn(impure, name)) return impurity(`'${name}'`, span, impure[name]!, frame);
  if (!(name in globalThis)) return null;
  frame.state.needsScript(`'${name}' has no native form`);
  return unknown;
}

/** `Math.PI`, `Math.floor`, `Date.now`: a member of a global that is a value or names a function. */
export function namespaceMember(namespace: string, name: string, span: SourceSpan, frame: Frame): Value | null {
  const full = `${namespace}.${name}`;
  if (Object.hasOwn(impureMembers, full)) return impurity(full, span, impureMembers[full]!, frame);
  if (Object.hasOwn(constants, full)) return scalar(literal(constants[full]!, "number", span));
  // Number.parseInt is the global's own function.
  if (full === "Number.parseInt" || full === "Number.parseFloat") return { kind: "namespace", name };
  if (functionNamed(full) || foreignResult(full)) return { kind: "namespace", name: full };
  const owner = (globalThis as Record<string, unknown>)[namespace] as object | undefined;
  if (owner === undefined || !(name in owner)) return null;
  frame.state.needsScript(`${full} has no native form`);
  return unknown;
}

export function impurity(what: string, span: SourceSpan, alternative: string, frame: Frame): Value {
  frame.state.report(impureRowFunction(what, span, alternative));
  return unknown;
}
