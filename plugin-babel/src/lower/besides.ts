/**
 * Of prune-columns: what the columns that a file has and its interface leaves out would change, were they read.
 *
 * The interface is erased under plain Node, so they are there: whole rows show them, and they take names that joins and
 * renames then meet. The reader refuses such files instead of giving another answer.
 */
import { type FunctionIR, type Instruction, instructions, type ValueId, usesOf, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function findBesides(fn: FunctionIR): void {
  const [values, uses] = [valuesOf(fn), usesOf(fn)];
  for (const reader of instructions(fn)) {
    if (reader.op === "phi" || verbOf(reader.op).role !== "reader" || reader.declared === null) continue;
    let seen: string | null = null;
    const clashing = new Set<string>();
    const reached = new Set<ValueId>();
    const follow = (value: ValueId): void => {
      if (reached.has(value)) return;
      reached.add(value);
      for (const user of uses.get(value) ?? []) {
        if (user === null) seen ??= "the table is returned";
        else user.inputs.forEach((v, n) => v === value && meet(user, n));
      }
    };
    const meet = (user: Instruction, input: number): void => {
      const rule = besides(user, input);
      if (rule === "seen") seen ??= `${user.op} at line ${user.span.line}`;
      if (rule !== "passes") return;
      for (const c of user.columns) if (c.as !== c.from) clashing.add(c.as);
      if (user.op !== "phi") {
        user.inputs.forEach((v, n) => {
          if (n !== input && besides(user, n) === "passes") for (const c of values.get(v)?.type?.row ?? []) clashing.add(c.name);
        });
      }
      follow(user.id);
    };
    follow(reader.id);
    for (const c of reader.declared) clashing.delete(c.name);
    reader.besides = { seen, clashing: [...clashing].sort() };
  }
}

const besides = (i: Instruction, input: number): "passes" | "ends" | "seen" => (i.op === "phi" ? "passes" : (verbOf(i.op).besides?.(i, input) ?? "passes"));
