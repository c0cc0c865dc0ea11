/** What may be wrong with the columns that a verb names. */
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
  return [...columns].filter(({ input, from, span }) => {
    const { row } = inputs[input]!;
    const isThere = columnOf(row, from) !== null;
    if (!isThere) context.report(misspeltColumn(from, span, row, context.origin(i, input, from)));
    return isThere;
  });
}
