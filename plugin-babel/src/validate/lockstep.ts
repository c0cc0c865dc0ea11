/** check-lockstep: a condition that guards a table operation is the same on all ranks. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { varyingCondition } from "../diagnostics/varying-condition.ts";
import { postdominators } from "../ir/dominators.ts";
import { type Block, type BlockId, type FunctionIR, type Instruction, successors } from "../ir/ir.ts";

export function checkLockstep(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  const blocks = new Map(fn.blocks.map((b) => [b.id, b]));
  const after = postdominators(fn.blocks);
  for (const block of fn.blocks) {
    const { terminator: t } = block;
    if (t.kind !== "branch" || !t.condition.varying) continue;
    const guarded = guardedBy(block, blocks, after);
    if (guarded) report(varyingCondition(t.condition.span, t.condition.source, guarded.op, guarded.span));
  }
}

/** The first table operation on a path that starts at the branch and has not met the other paths again. */
function guardedBy(branch: Block, blocks: ReadonlyMap<BlockId, Block>, after: ReadonlyMap<BlockId, ReadonlySet<BlockId>>): Instruction | undefined {
  const meeting = after.get(branch.id)!;
  const seen = new Set<BlockId>();
  const visit = (id: BlockId): Instruction | undefined => {
    if (seen.has(id) || (id !== branch.id && meeting.has(id))) return undefined;
    seen.add(id);
    const block = blocks.get(id)!;
    const found = block.instructions.find((i) => i.op !== "phi");
    if (found && id !== branch.id) return found;
    for (const next of successors(block)) {
      const there = visit(next);
      if (there) return there;
    }
    return undefined;
  };
  return visit(branch.id);
}
