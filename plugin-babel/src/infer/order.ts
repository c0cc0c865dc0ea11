/**
 * infer-order: whose row order anything sees.
 *
 * A write sees order when the rows were sorted and only row-wise verbs stand between, or when its options say `order: "program"`;
 * otherwise what is written is a bag of rows. From the observers order is demanded upwards.
 */
import { type FunctionIR, type Instruction, instructions, type ValueId, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function inferOrder(fn: FunctionIR): void {
  const values = valuesOf(fn);
  const sorted = sortedValues(values);
  for (const i of instructions(fn)) i.order = { observed: false, why: null };
  for (const i of instructions(fn)) {
    if (i.op === "phi" || verbOf(i.op).role !== "writer") continue;
    const asked = /\border\s*:\s*["']program["']/.test(i.scalars.options?.source ?? "");
    if (asked || sorted.has(i.inputs[0]!)) i.order = { observed: true, why: asked ? 'order: "program"' : "written after orderby" };
  }
  const order = [...instructions(fn)].reverse();
  for (const { terminator: t } of fn.blocks) {
    const returned = t.kind === "return" && t.value !== null ? values.get(t.value) : undefined;
    if (returned) returned.order = { observed: true, why: "returned to the caller" };
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const i of order) {
      i.inputs.forEach((v, n) => {
        const input = values.get(v);
        if (!input || input.order?.observed) return;
        const why = demand(i, n, values);
        if (why === null) return;
        input.order = { observed: true, why };
        changed = true;
      });
    }
  }
}

/** Why `i` makes the order of its n-th input seen; null: it does not. */
function demand(i: Instruction, n: number, values: ReadonlyMap<ValueId, Instruction>): string | null {
  const asks = i.op === "phi" ? "passes" : verbOf(i.op).order(i, n);
  if (asks === "observes") return `${i.op} at line ${i.span.line}`;
  // Sort keys that tell all rows apart leave no ties for the input's order to break.
  if (i.op === "orderby" && isUniqueBy(i, values)) return null;
  return asks === "passes" && i.order?.observed ? i.order.why : null;
}

function isUniqueBy(sort: Instruction, values: ReadonlyMap<ValueId, Instruction>): boolean {
  const keys = new Set(sort.rows.flatMap((r) => (r.expression?.kind === "column" ? [r.expression.name] : [])));
  let input = values.get(sort.inputs[0]!);
  while (input && input.op === "filter") input = values.get(input.inputs[0]!);
  if (input?.op !== "rollup" && input?.op !== "count") return false;
  return (input.declared ?? []).every((group) => keys.has(group.name));
}

function sortedValues(values: ReadonlyMap<ValueId, Instruction>): ReadonlySet<ValueId> {
  const sorted = new Set<ValueId>();
  for (let size = -1; size !== sorted.size; ) {
    size = sorted.size;
    for (const i of values.values()) {
      if (i.op === "orderby" || (i.op === "phi" ? i.inputs.every((v) => sorted.has(v)) : verbOf(i.op).rowwise && i.inputs.length > 0 && sorted.has(i.inputs[0]!))) sorted.add(i.id);
    }
  }
  return sorted;
}
