/** lower-row-functions: the tier of every row function. Native ones run in the engine; what only V8 can run says why. */
import { type FunctionIR, instructions } from "../ir/ir.ts";
import { scriptIn } from "../ir/expression.ts";

export function lowerRowFunctions(fn: FunctionIR): void {
  for (const i of instructions(fn)) {
    for (const row of [...i.rows, ...i.pushed]) if (row.expression) row.tier = scriptIn(row.expression) ? "v8" : "native";
  }
}
