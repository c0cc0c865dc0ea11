/** Keys are compared, which arrays and objects are not. */
import { arrayAsKey } from "../diagnostics/array-as-key.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type FunctionIR, instructions } from "../ir/ir.ts";
import { isNested } from "../ir/types.ts";

export function validateArrayKeys(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  for (const i of instructions(fn)) {
    // What is folded is no key, though it is written as keys are.
    if (i.op === "fold") continue;
    const key = i.rows.find((row) => /^(key|left|right)$/.test(row.role) && row.expression && isNested(row.expression.type.js));
    if (key) report(arrayAsKey(i.op, key));
  }
}
