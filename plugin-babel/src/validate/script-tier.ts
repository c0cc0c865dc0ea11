/** The runtime has no V8 tier yet: what only V8 can run is said at build time, not at run time. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { scriptTier } from "../diagnostics/script-tier.ts";
import { type FunctionIR, instructions } from "../ir/ir.ts";
import { scriptIn } from "../ir/expression.ts";

export function validateScriptTier(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  for (const i of instructions(fn)) {
    for (const row of i.rows) {
      const script = row.expression && scriptIn(row.expression);
      if (script) report(scriptTier(script.reason, script.span));
    }
  }
}
