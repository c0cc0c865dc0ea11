/** lower-row-functions: the tier of every row function. Native ones run in the engine; what only V8 can run says why. */
import { type FunctionIR, instructions } from "../ir/ir.ts";
import { children, type Expression } from "../ir/expression.ts";

export function lowerRowFunctions(fn: FunctionIR): void {
  for (const i of instructions(fn)) {
    for (const row of [...i.rows, ...i.pushed]) if (row.expression) row.tier = scriptIn(row.expression) ? "v8" : "native";
  }
}

export function scriptIn(e: Expression): Extract<Expression, { kind: "script" }> | null {
  if (e.kind === "script") return e;
  for (const child of children(e)) {
    const found = scriptIn(child);
    if (found) return found;
  }
  return null;
}
