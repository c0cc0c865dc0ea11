/**
 * cut-plans: where executions happen, and which tables are kept between them.
 *
 * Every observer and writer runs a plan, except a numRows whose answer an earlier execution of the same table has left. A table
 * that several executions need is spooled, unless doing it again is cheaper; a phi or a grouped table cannot be spooled itself,
 * so what it is made of is.
 */
import { dominators } from "../ir/dominators.ts";
import { scriptIn } from "../ir/expression.ts";
import { type Block, type FunctionIR, instruction, type Instruction, instructions, type ValueId, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function cutPlans(fn: FunctionIR): void {
  const values = valuesOf(fn);
  const blockOf = new Map<Instruction, Block>();
  for (const block of fn.blocks) for (const i of block.instructions) blockOf.set(i, block);
  markExecutions(fn, blockOf);
  const users = new Map<ValueId, Instruction[]>();
  for (const i of instructions(fn)) for (const v of i.inputs) users.set(v, [...(users.get(v) ?? []), i]);

  const kept = new Set<ValueId>();
  for (const value of values.values()) {
    if (value.type === null || !isNeededTwice(value, users, blockOf)) continue;
    keep(value, values, kept);
  }
  let spool = 0;
  let next = Math.max(0, ...values.keys()) + 1;
  for (const block of fn.blocks) {
    block.instructions = block.instructions.flatMap((i) => {
      if (!kept.has(i.id)) return [i];
      const id = { source: String(spool++), span: i.span };
      const added = instruction({ id: next++, op: "spool", inputs: [i.id], span: i.span, frame: i.frame, scalars: { id }, type: i.type, demanded: i.demanded, distribution: i.distribution, order: i.order });
      redirect(fn, i.id, added);
      return [i, added];
    });
  }
}

function markExecutions(fn: FunctionIR, blockOf: ReadonlyMap<Instruction, Block>): void {
  const dominating = dominators(fn.blocks);
  const earlier: Instruction[] = [];
  for (const i of instructions(fn)) {
    if (i.op === "phi") continue;
    const { role } = verbOf(i.op);
    if (role !== "observer" && role !== "writer") continue;
    const block = blockOf.get(i)!;
    const answered = i.op === "numRows" && earlier.some((e) => e.inputs[0] === i.inputs[0] && leavesCount(e) && dominating.get(block.id)!.has(blockOf.get(e)!.id));
    i.executes = !answered;
    earlier.push(i);
  }
}

/** Writes and counts see every row; `objects` may have a limit. */
const leavesCount = (i: Instruction): boolean => i.op === "numRows" || verbOf(i.op).role === "writer";

function isNeededTwice(value: Instruction, users: ReadonlyMap<ValueId, readonly Instruction[]>, blockOf: ReadonlyMap<Instruction, Block>): boolean {
  const direct = users.get(value.id) ?? [];
  const executions = direct.map((u) => executionsFrom(u, users, new Set()));
  const depth = blockOf.get(value)!.loopDepth;
  // Defined once, needed in every iteration.
  const repeated = direct.some((u, n) => u.op !== "phi" && executions[n]!.size > 0 && blockOf.get(u)!.loopDepth > depth);
  return repeated || (direct.length > 1 && new Set(executions.flatMap((e) => [...e])).size > 1);
}

function executionsFrom(i: Instruction, users: ReadonlyMap<ValueId, readonly Instruction[]>, seen: Set<Instruction>): Set<Instruction> {
  if (seen.has(i)) return new Set();
  seen.add(i);
  if (i.type === null) return new Set(i.executes ? [i] : []);
  return new Set((users.get(i.id) ?? []).flatMap((u) => [...executionsFrom(u, users, seen)]));
}

function keep(value: Instruction, values: ReadonlyMap<ValueId, Instruction>, kept: Set<ValueId>, seen: Set<ValueId> = new Set()): void {
  if (seen.has(value.id) || isRepeatable(value, values)) return;
  seen.add(value.id);
  if (value.op === "phi" || value.type?.groups) for (const v of value.inputs) keep(values.get(v)!, values, kept, seen);
  else kept.add(value.id);
}

function isRepeatable(value: Instruction, values: ReadonlyMap<ValueId, Instruction>): boolean {
  if (value.op === "phi" || !verbOf(value.op).repeatable || value.rows.some((r) => r.expression && scriptIn(r.expression))) return false;
  return value.inputs.every((v) => isRepeatable(values.get(v)!, values));
}

function redirect(fn: FunctionIR, from: ValueId, to: Instruction): void {
  for (const block of fn.blocks) {
    for (const i of block.instructions) if (i !== to) i.inputs = i.inputs.map((v) => (v === from ? to.id : v));
    const t = block.terminator;
    if (t.kind === "return" && t.value === from) block.terminator = { kind: "return", value: to.id };
  }
}
