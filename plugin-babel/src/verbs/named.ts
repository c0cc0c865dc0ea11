/** What may be wrong with the columns that a verb names. */
import { withoutEdits } from "../diagnostics/diagnostic.ts";
import { duplicateColumn } from "../diagnostics/duplicate-column.ts";
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import { columnOf, type Instruction, type OutputColumn, type TableType } from "../ir/ir.ts";
import type { TypeContext } from "./verb.ts";

/** Two columns of the result of one name. */
export function reportTwice(columns: readonly OutputColumn[], context: TypeContext): void {
  columns.forEach((c, n) => {
    if (columns.findIndex((other) => other.as === c.as) < n) context.report(duplicateColumn(c.as, c.span));
  });
}

/** Columns of the inputs that are named and are not there; gives those that are. */
export function reportMissing(i: Instruction, columns: Iterable<OutputColumn>, inputs: readonly TableType[], context: TypeContext): OutputColumn[] {
  return [...columns].filter(({ input, from, span, selector }) => {
    const { row } = inputs[input]!;
    if (columnOf(row, from)) return true;
    const found = misspeltColumn(from, span, row, context.origin(i, input, from));
    // A selection is no text that another name could stand for.
    context.report(selector ? withoutEdits(found) : found);
    return false;
  });
}
