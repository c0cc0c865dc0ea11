/**
 * cut-plans: where executions happen, and which tables are kept between them.
 *
 * Every observer and writer runs a plan, except a numRows whose answer an earlier execution of the same table has left. A table
 * that several executions need is spooled, unless doing it again is cheaper. A grouped table cannot be spooled, so what it is
 * made of is; a phi is spooled where it is used, by the uses that lead to executions.
 */
import { blocksAfter, dominators } from "../ir/dominators.ts";
import { scriptIn } from "../ir/expression.ts";
import { type Block, type BlockId, type FunctionIR, instruction, type Instruction, instructions, type ValueId, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function cutPlans(fn: FunctionIR): void {
  const values = valuesOf(fn);
  const blockOf = new Map<Instruction, Block>();
  for (const block of fn.blocks) for (const i of block.instructions) blockOf.set(i, block);
  markExecutions(fn, blockOf);
  const users = new Map<ValueId, Instruction[]>();
  const use = (v: ValueId, user: Instruction) => users.set(v, [...(users.get(v) ?? []), user]);
  for (const i of instructions(fn)) for (const v of i.inputs) use(v, i);
  // A returned table is kept as a handle: that is an execution of its own.
  for (const block of fn.blocks) {
    const t = block.terminator;
    if (t.kind !== "return" || t.value === null) continue;
    const leaves = instruction({ id: -1, op: "return", inputs: [t.value], span: values.get(t.value)!.span, frame: 0, executes: true });
    blockOf.set(leaves, block);
    use(t.value, leaves);
  }

  const flow: Flow = { blockOf, after: blocksAfter(fn.blocks) };
  const kept = new Set<ValueId>();
  for (const value of values.values()) {
    if (value.type !== null && isNeededTwice(value, users, flow)) keep(value, values, kept);
  }
  let spool = 0;
  let next = Math.max(0, ...values.keys()) + 1;
  for (const block of fn.blocks) {
    const added: Instruction[] = [];
    const keepValue = (i: Instruction): Instruction => {
      const id = { source: String(spool++), span: i.span };
      const { span, frame, type, demanded, distribution, order } = i;
      const kept = instruction({ id: next++, op: "spool", inputs: [i.id], span, frame, scalars: { id }, type, demanded, distribution, order, ...(i.partial && { partial: i.partial }) });
      redirect(fn, i.id, kept, i.op === "phi" ? waitingUses(i, users, flow) : null);
      return kept;
    };
    block.instructions = block.instructions.flatMap((i) => {
      if (!kept.has(i.id)) return [i];
      if (i.op !== "phi") return [i, keepValue(i)];
      added.push(keepValue(i));
      return [i];
    });
    const body = block.instructions.findIndex((i) => i.op !== "phi");
    block.instructions.splice(body < 0 ? block.instructions.length : body, 0, ...added);
  }
}

function markExecutions(fn: FunctionIR, blockOf: ReadonlyMap<Instruction, Block>): void {
  const dominating = dominators(fn.blocks);
  const earlier: Instruction[] = [];
  for (const i of instructions(fn)) {
    if (i.op === "phi") continue;
    const { role, known } = verbOf(i.op);
    if (role !== "observer" && role !== "writer") continue;
    if (known) {
      i.executes = false;
      continue;
    }
    const block = blockOf.get(i)!;
    const answered = i.op === "numRows" && earlier.some((e) => e.inputs[0] === i.inputs[0] && leavesCount(e) && dominating.get(block.id)!.has(blockOf.get(e)!.id));
    i.executes = !answered;
    earlier.push(i);
  }
}

/** Writes and counts see every row; `objects` may have a limit. */
const leavesCount = (i: Instruction): boolean => i.op === "numRows" || verbOf(i.op).role === "writer";

function isNeededTwice(value: Instruction, users: Users, flow: Flow): boolean {
  const { blockOf } = flow;
  const direct = users.get(value.id) ?? [];
  const reached = direct.map((u) => reach(u, value, users));
  const depth = blockOf.get(value)!.loopDepth;
  // Defined once, needed in every iteration.
  const repeated = direct.some((u, n) => u.op !== "phi" && reached[n]!.executions.size > 0 && blockOf.get(u)!.loopDepth > depth);
  const executions = new Set(reached.flatMap((r) => [...r.executions]));
  // Needed in this iteration and, through the loop, in the next.
  const again = reached.some((r) => r.returns) && runsInLoop(executions, value, flow);
  return repeated || (direct.length > 1 && (executions.size > 1 || again));
}

/** True when one of the executions is followed by another round of the loop that `value` stands in. */
const runsInLoop = (executions: Iterable<Instruction>, value: Instruction, { blockOf, after }: Flow): boolean =>
  [...executions].some((e) => after.get(blockOf.get(e)!.id)!.has(blockOf.get(value)!.id));

/**
 * The uses of a phi that read its spool. A use that only makes the next iteration's table (`all = all.concat(t)`) needs none,
 * unless something runs in every iteration.
 */
function waitingUses(phi: Instruction, users: Users, flow: Flow): ReadonlySet<Instruction> {
  const uses = (users.get(phi.id) ?? []).filter((u) => u.op !== "phi");
  const reached = uses.map((u) => reach(u, phi, users));
  const eachTime = runsInLoop(reached.flatMap((r) => [...r.executions]), phi, flow);
  return new Set(uses.filter((u, n) => u.type === null || reached[n]!.executions.size > 0 || eachTime));
}

interface Flow {
  readonly blockOf: ReadonlyMap<Instruction, Block>;
  /** For each block those that may run after it; itself only in a loop. */
  readonly after: ReadonlyMap<BlockId, ReadonlySet<BlockId>>;
}

type Users = ReadonlyMap<ValueId, readonly Instruction[]>;

interface Reach {
  readonly executions: Set<Instruction>;
  /** The value flows around a loop back into itself. */
  returns: boolean;
}

/** The executions that one use of `value` leads to. */
function reach(use: Instruction, value: Instruction, users: Users): Reach {
  const found: Reach = { executions: new Set(), returns: false };
  const seen = new Set<Instruction>();
  const visit = (i: Instruction): void => {
    if (i === value) found.returns = true;
    if (i === value || seen.has(i)) return;
    seen.add(i);
    if (i.executes) found.executions.add(i);
    if (i.type !== null) users.get(i.id)?.forEach(visit);
  };
  visit(use);
  return found;
}

function keep(value: Instruction, values: ReadonlyMap<ValueId, Instruction>, kept: Set<ValueId>): void {
  if (isRepeatable(value, values)) return;
  if (value.type?.groups) for (const v of value.inputs) keep(values.get(v)!, values, kept);
  else kept.add(value.id);
}

function isRepeatable(value: Instruction, values: ReadonlyMap<ValueId, Instruction>, above: ReadonlySet<ValueId> = new Set()): boolean {
  // Around a loop the work grows with every round.
  if (above.has(value.id)) return false;
  const isCheap = value.op === "phi" || (verbOf(value.op).repeatable && !value.rows.some((r) => r.role === "window" || (r.expression && scriptIn(r.expression))));
  return isCheap && value.inputs.every((v) => isRepeatable(values.get(v)!, values, new Set([...above, value.id])));
}

/** `only`: the users that are to read the spool; null: all. */
function redirect(fn: FunctionIR, from: ValueId, to: Instruction, only: ReadonlySet<Instruction> | null): void {
  for (const block of fn.blocks) {
    for (const i of block.instructions) if (i !== to && (only === null || only.has(i))) i.inputs = i.inputs.map((v) => (v === from ? to.id : v));
    const t = block.terminator;
    if (only === null && t.kind === "return" && t.value === from) block.terminator = { ...t, value: to.id };
  }
}
