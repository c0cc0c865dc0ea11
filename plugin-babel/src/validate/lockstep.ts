/**
 * check-lockstep: what communicates is reached by all ranks, and with the same operands. A condition that guards it, and
 * whatever its plan is made of, must not vary.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { varyingCondition } from "../diagnostics/varying-condition.ts";
import { varyingOperand } from "../diagnostics/varying-operand.ts";
import { postdominators } from "../ir/dominators.ts";
import { type Block, type BlockId, type FunctionIR, instructions, successors, type ValueId } from "../ir/ir.ts";
import type { SourceSpan } from "../ir/types.ts";

export function checkLockstep(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  const going = goingOn(fn.blocks.map(onlyKnownThrows));
  const blocks = new Map(going.map((b) => [b.id, b]));
  const after = postdominators(going);
  for (const block of going) {
    const { terminator: t } = block;
    if (t.kind !== "branch" || !t.condition.varying) continue;
    const guarded = guardedBy(block, blocks, after.get(block.id)!);
    if (guarded) report(varyingCondition(t.condition, guarded.what, guarded.span));
  }
  checkOperands(fn, report);
}

/**
 * Of the ways into a handler those that the graph shows: a `throw`, and what may throw on some ranks alone (`mayFail` in parse/statements.ts). All else
 * that throws is the same on all ranks and does so at the same place.
 */
function onlyKnownThrows(block: Block): Block {
  const { handler, terminator: t } = block;
  return { ...block, handler: null, terminator: t.kind === "throw" && handler !== null ? { kind: "goto", target: handler } : t };
}

/** Without the paths that end in an error nobody catches: it ends the call on all ranks, wherever the others are. */
function goingOn(all: readonly Block[]): readonly Block[] {
  const failing = new Set<BlockId>();
  const fails = ({ terminator: t }: Block): boolean => t.kind === "throw" || (t.kind === "goto" && failing.has(t.target)) || (t.kind === "branch" && failing.has(t.then) && failing.has(t.else));
  for (let before = -1; before !== failing.size; ) {
    before = failing.size;
    for (const block of all) if (fails(block)) failing.add(block.id);
  }
  const [entry] = all;
  return all.flatMap((block): Block[] => {
    const { terminator: t } = block;
    if (failing.has(block.id) && block !== entry) return [];
    if (t.kind === "goto" && failing.has(t.target)) return [{ ...block, terminator: { kind: "throw" } }];
    if (t.kind !== "branch" || (!failing.has(t.then) && !failing.has(t.else))) return [block];
    const left = [t.then, t.else].filter((target) => !failing.has(target));
    return [{ ...block, terminator: left.length === 0 ? { kind: "throw" } : { kind: "goto", target: left[0]! } }];
  });
}

/** Said once: a table that is made of a varying one varies, too. */
function checkOperands(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  const varying = new Set<ValueId>();
  for (const i of instructions(fn)) {
    const operand = i.scalars.varying;
    const isMade = i.inputs.some((v) => varying.has(v));
    if (operand && !isMade) report(varyingOperand(i.op, operand.source, operand.span));
    if (operand || isMade) varying.add(i.id);
  }
  for (const { terminator: t } of fn.blocks) {
    if (t.kind === "return" && t.varying && !varying.has(t.value!)) report(varyingOperand("the returned table", t.varying.source, t.varying.span));
  }
}

interface Guarded {
  readonly what: string;
  readonly span: SourceSpan;
}

/** What communicates first on a path that starts at the branch and has not met the other paths again. One that comes back to the branch has passed what stands in front of it once more. */
function guardedBy(branch: Block, blocks: ReadonlyMap<BlockId, Block>, meeting: ReadonlySet<BlockId>): Guarded | undefined {
  const seen = new Set<BlockId>();
  const visit = (id: BlockId): Guarded | undefined => {
    if (seen.has(id) || (id !== branch.id && meeting.has(id))) return undefined;
    seen.add(id);
    const block = blocks.get(id)!;
    return communicating(block) ?? onward(block);
  };
  const onward = (block: Block): Guarded | undefined => {
    for (const next of successors(block)) {
      const found = visit(next);
      if (found) return found;
    }
    return undefined;
  };
  return onward(branch);
}

function communicating({ instructions, sent, met }: Block): Guarded | undefined {
  const operation = instructions.find((i) => i.op !== "phi");
  if (operation) return { what: operation.op, span: operation.span };
  if (met[0]) return { what: `'${met[0].source}'`, span: met[0].span };
  return sent[0] && { what: `'${sent[0].source}', which rank 0 sends to the others`, span: sent[0].span };
}
