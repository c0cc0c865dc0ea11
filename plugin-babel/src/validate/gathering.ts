/**
 * What brings all rows of a distributed table to every rank. A loop that carries state cannot be shared by ranks at all; any
 * other gathers the table, and says so. `strict` forbids it, and what gathers by its nature without a limit.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { gathering } from "../diagnostics/gathering.ts";
import { rowLoop } from "../diagnostics/row-loop.ts";
import { type FunctionIR, type Instruction, instructions, valuesOf } from "../ir/ir.ts";

export function validateGathering(fn: FunctionIR, strict: boolean, report: (d: Diagnostic) => void): void {
  const values = valuesOf(fn);
  const severity = strict ? "error" : "warning";
  for (const i of instructions(fn)) {
    const table = values.get(i.inputs[0]!);
    if (!table || table.distribution?.kind === "replicated") continue;
    const { loop, carried } = i.scalars;
    if (loop && carried) report(rowLoop(carried.source, loop.span, carried.span));
    else if (loop) report({ ...gathering("This loop", loop.span), severity });
    else if (strict && isUnlimited(i)) report({ ...gathering(i.op === "array" ? "array()" : "objects() without a limit", i.span), severity });
  }
}

/** Options that are no literal may have a limit. */
function isUnlimited({ op, scalars }: Instruction): boolean {
  if (op === "array") return true;
  const options = scalars.options?.source.trim();
  return op === "objects" && (options === undefined || (options.startsWith("{") && !/\blimit\b|\.\.\./.test(options)));
}
