/**
 * Of prune-columns: of a table of which nobody reads more than the first rows, its reader is told how many, if it can say so to
 * who sends them.
 *
 * Only where every row of the reader is one of the table: a filter in between would leave too few.
 */
import { type FunctionIR, type Instruction, instructions, usesOf, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

export function limitReaders(fn: FunctionIR): void {
  const [values, uses] = [valuesOf(fn), usesOf(fn)];
  for (const slice of [...instructions(fn)].filter((i) => i.op === "slice" && i.type?.groups === null)) {
    const rows = rowsUpTo(slice);
    let at = values.get(slice.inputs[0]!);
    while (at?.op === "select" && uses.get(at.id)?.length === 1) at = values.get(at.inputs[0]!);
    if (rows === null || !at || at.op === "phi" || uses.get(at.id)?.length !== 1) continue;
    if (verbOf(at.op).limited && at.pushed.length === 0) at.limit = rows;
  }
}

/** Where its end is written out, and counted from the table's beginning, as its start is. */
function rowsUpTo({ scalars: { start, end } }: Instruction): number | null {
  const isCount = (source: string | undefined): source is string => source !== undefined && /^\d{1,15}$/.test(source);
  return isCount(start?.source ?? "0") && isCount(end?.source) ? Number(end.source) : null;
}
