/**
 * prune-columns: what nobody reads is neither read from files nor computed.
 *
 * Demands run against the data flow; a loop's phi is visited again until nothing is added. That holds for a row
 * function that can throw, too: where nothing needs its result it need not run.
 */
import { type FunctionIR, type Instruction, instructions, type TableType, type ValueId, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function pruneColumns(fn: FunctionIR): void {
  const values = valuesOf(fn);
  const demanded = new Map<ValueId, Set<string>>();
  for (const i of values.values()) demanded.set(i.id, new Set());
  for (const { terminator: t } of fn.blocks) {
    // A returned table is a handle: its caller may look at every column.
    if (t.kind === "return" && t.value !== null) addAll(demanded.get(t.value)!, values.get(t.value)?.type?.row.map((c) => c.name) ?? []);
  }
  const order = [...values.values()].reverse();
  for (let changed = true; changed; ) {
    changed = false;
    for (const i of order) {
      demandsOf(i, demanded.get(i.id)!, values).forEach((columns, n) => {
        if (addAll(demanded.get(i.inputs[n]!)!, columns)) changed = true;
      });
    }
  }
  for (const i of instructions(fn)) {
    if (i.type === null) continue;
    const columns = demanded.get(i.id)!;
    i.demanded = i.type.row.map((c) => c.name).filter((name) => columns.has(name));
    if (i.op !== "phi") verbOf(i.op).prune?.(i, columns);
  }
}

function demandsOf(i: Instruction, own: ReadonlySet<string>, values: ReadonlyMap<ValueId, Instruction>): readonly Iterable<string>[] {
  if (i.op === "phi") return i.inputs.map(() => own);
  const types = i.inputs.map((v) => values.get(v)?.type);
  if (!types.every((type): type is TableType => type !== null && type !== undefined)) return [];
  return verbOf(i.op).demands(i, own, types);
}

function addAll(set: Set<string>, names: Iterable<string>): boolean {
  const before = set.size;
  for (const name of names) set.add(name);
  return set.size > before;
}
