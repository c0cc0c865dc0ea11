/** What can throw inside a try is computed inside it: laziness must not move an exception out of its handler. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { leavesTry } from "../diagnostics/leaves-try.ts";
import { isFallible } from "../functions/fallible.ts";
import { type FunctionIR, type Instruction, type ValueId } from "../ir/ir.ts";

export function validateLeavesTry(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  const handlerOf = new Map<Instruction, number | null>();
  const users = new Map<ValueId, Instruction[]>();
  for (const block of fn.blocks) {
    for (const i of block.instructions) {
      handlerOf.set(i, block.handler);
      for (const v of i.inputs) users.set(v, [...(users.get(v) ?? []), i]);
    }
  }
  for (const [i, handler] of handlerOf) {
    if (handler === null || !i.rows.some((r) => r.expression && isFallible(r.expression))) continue;
    const outside = [...executionsOf(i, users)].find((e) => handlerOf.get(e) !== handler);
    if (outside) report(leavesTry(i.op, i.span, outside.span));
  }
}

function executionsOf(value: Instruction, users: ReadonlyMap<ValueId, readonly Instruction[]>): Set<Instruction> {
  const found = new Set<Instruction>();
  const seen = new Set<Instruction>();
  const visit = (i: Instruction): void => {
    if (seen.has(i)) return;
    seen.add(i);
    if (i.executes) found.add(i);
    if (i.type !== null) users.get(i.id)?.forEach(visit);
  };
  visit(value);
  return found;
}
