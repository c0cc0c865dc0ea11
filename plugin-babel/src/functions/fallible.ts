import { children, type Expression } from "../ir/expression.ts";
import { mayBeNull } from "../ir/types.ts";
import { scalarFunctions } from "./index.ts";

/**
 * Can evaluating it throw on some row? Then it must not run on rows that the program would not have reached:
 * it stays below the filters the source puts before it.
 */
export function isFallible(expression: Expression): boolean {
  if (expression.kind === "script") return true;
  if (expression.kind === "call") {
    const fn = scalarFunctions.get(expression.function);
    const bigint = expression.type.js === "bigint" || expression.args.some((arg) => arg.type.js === "bigint");
    // Division and powers of numbers never throw; of bigints they do, and their other operators may overflow 64 bits.
    const throws = fn === undefined || (fn.form === "operator" ? arithmetic.has(fn.name) && bigint : fn.fallible);
    if (throws) return true;
    if (fn.form === "method" && expression.args[0] && mayBeNull(expression.args[0].type)) return true;
  }
  return children(expression).some(isFallible);
}

const arithmetic: ReadonlySet<string> = new Set(["add", "sub", "mul", "div", "mod", "pow", "neg"]);
