/**
 * What is legal in the IR at which stage. A pass that breaks this has a bug: the check throws.
 *
 * Stages are cumulative: what holds after one pass holds after all later ones.
 */
import { blocksAfter, dominators } from "./dominators.ts";
import { type Block, type BlockId, type FunctionIR, type Instruction, instructions, successors, type ValueId } from "./ir.ts";

export type Stage = "parsed" | "typed" | "pruned" | "distributed" | "ordered" | "cut";

const STAGES: readonly Stage[] = ["parsed", "typed", "pruned", "distributed", "ordered", "cut"];

/** Throws on the first violation, naming the instruction. */
export function checkIR(fn: FunctionIR, stage: Stage): void {
  const reached = (s: Stage) => STAGES.indexOf(stage) >= STAGES.indexOf(s);
  const fail = (what: string, i?: Instruction): never => {
    throw new Error(`IR of ${fn.id} after ${stage}: ${what}${i ? ` at %${i.id} = ${i.op} (line ${i.span.line})` : ""}`);
  };
  const defined = new Map<ValueId, Instruction>();
  for (const i of instructions(fn)) {
    if (defined.has(i.id)) fail("a value is defined twice", i);
    defined.set(i.id, i);
  }
  const blocks = new Set(fn.blocks.map((b) => b.id));
  for (const block of fn.blocks) {
    for (const next of successors(block)) if (!blocks.has(next)) fail(`b${block.id} goes to b${next}, which is not there`);
    const t = block.terminator;
    if (t.kind === "return" && t.value !== null && !defined.has(t.value)) fail(`b${block.id} returns an undefined value`);
    block.instructions.forEach((i, n) => {
      if (i.op === "phi" && block.instructions.slice(0, n).some((before) => before.op !== "phi")) fail("a phi after other instructions", i);
    });
  }
  checkDominance(fn, fail);
  for (const i of defined.values()) {
    for (const v of i.inputs) if (!defined.has(v)) fail(`input %${v} is not defined`, i);
    if (reached("typed")) checkTyped(i, defined, fail);
    if (reached("pruned") && i.type && !i.demanded) fail("no demanded columns", i);
    if (reached("distributed") && !i.distribution) fail("no distribution", i);
    if (reached("ordered") && !i.order) fail("no order", i);
    if (reached("cut") && i.type === null && i.executes === null) fail("not known whether it executes", i);
  }
}

/**
 * SSA: every way to a use passes its definition. A phi's operands are the distinct values its predecessors bring, in no
 * order: each comes from a predecessor, and there are no more of them than predecessors. Of a partial value it is enough
 * that it can be there.
 */
function checkDominance(fn: FunctionIR, fail: (what: string, i?: Instruction) => void): void {
  const above = dominators(fn.blocks);
  const places = new Map<ValueId, { readonly block: BlockId; readonly at: number }>();
  for (const block of fn.blocks) block.instructions.forEach((i, at) => places.set(i.id, { block: block.id, at }));
  const before = new Map<BlockId, Block[]>(fn.blocks.map((b) => [b.id, []]));
  for (const block of fn.blocks) for (const next of new Set(successors(block))) before.get(next)?.push(block);
  const after = blocksAfter(fn.blocks);
  const partial = new Set([...instructions(fn)].flatMap((i) => (i.partial ? [i.id] : [])));
  /** At the end of a block. */
  const reaches = (v: ValueId, block: BlockId) => {
    const place = places.get(v);
    return !place || above.get(block)!.has(place.block) || (partial.has(v) && after.get(place.block)!.has(block));
  };
  for (const block of fn.blocks) {
    const predecessors = before.get(block.id)!;
    block.instructions.forEach((i, at) => {
      if (i.op !== "phi") {
        const early = i.inputs.find((v) => !reaches(v, block.id) || (places.get(v)?.block === block.id && places.get(v)!.at >= at && !partial.has(v)));
        if (early !== undefined) fail(`input %${early} is not defined on every way here`, i);
        return;
      }
      if (i.inputs.length < 2) fail("a phi of one value", i);
      if (new Set(i.inputs).size !== i.inputs.length || i.inputs.includes(i.id)) fail("a phi names a value twice, or itself", i);
      if (i.inputs.length > predecessors.length) fail(`a phi of ${i.inputs.length} values where ${predecessors.length} paths meet`, i);
      const lost = i.inputs.find((v) => !predecessors.some((p) => reaches(v, p.id)));
      if (lost !== undefined) fail(`input %${lost} comes by none of the paths that meet here`, i);
    });
    const t = block.terminator;
    if (t.kind === "return" && t.value !== null && !reaches(t.value, block.id)) fail(`b${block.id} returns %${t.value}, which is not defined on every way there`);
  }
}

function checkTyped(i: Instruction, defined: ReadonlyMap<ValueId, Instruction>, fail: (what: string, i: Instruction) => void): void {
  for (const v of i.inputs) if (defined.get(v)!.type === null) fail(`input %${v} is no table`, i);
  for (const row of i.rows) {
    if (row.expression === null && row.aggregate !== "count" && row.source !== "") fail(`${row.role} ${row.name ?? ""} has no expression`, i);
  }
  if (i.type) {
    const names = i.type.row.map((c) => c.name);
    if (new Set(names).size !== names.length) fail("two columns of one name", i);
  }
}
