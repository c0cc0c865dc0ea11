/** Where paths meet, a table variable has one row type. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { tableTypesDiffer } from "../diagnostics/table-types-differ.ts";
import { type FunctionIR, instructions, valuesOf } from "../ir/ir.ts";
import { printType, type RowType } from "../ir/types.ts";

export function validatePhiTypes(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  const values = valuesOf(fn);
  for (const phi of instructions(fn)) {
    if (phi.op !== "phi" || !phi.type) continue;
    for (const input of phi.inputs) {
      const other = values.get(input);
      if (other?.type && describe(other.type.row) !== describe(phi.type.row)) {
        report(tableTypesDiffer(describe(phi.type.row), describe(other.type.row), other.span));
        break;
      }
    }
  }
}

const describe = (row: RowType): string => row.map((c) => `${c.name}: ${printType(c.type)}`).join(", ");
