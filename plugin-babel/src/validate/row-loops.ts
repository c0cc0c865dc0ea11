/** Loops over the rows of a distributed table: carrying state they cannot be shared by ranks; else they gather, which `strict` forbids. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { gatheringLoop, rowLoop } from "../diagnostics/row-loop.ts";
import { type FunctionIR, instructions, valuesOf } from "../ir/ir.ts";

export function validateRowLoops(fn: FunctionIR, strict: boolean, report: (d: Diagnostic) => void): void {
  const values = valuesOf(fn);
  for (const i of instructions(fn)) {
    const { loop, carried } = i.scalars;
    if (!loop || values.get(i.inputs[0]!)?.distribution?.kind === "replicated") continue;
    report(carried ? rowLoop(carried.source, loop.span, carried.span) : strict ? { ...gatheringLoop(loop.span), severity: "error" } : gatheringLoop(loop.span));
  }
}
