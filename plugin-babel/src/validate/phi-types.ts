/** Where paths meet, a table variable has one row type. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { tableTypesDiffer } from "../diagnostics/table-types-differ.ts";
import { type FunctionIR, instructions, valuesOf } from "../ir/ir.ts";
import { isSameJs, printType, type RowType } from "../ir/types.ts";

export function validatePhiTypes(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  const values = valuesOf(fn);
  for (const phi of instructions(fn)) {
    if (phi.op !== "phi" || !phi.type) continue;
    for (const input of phi.inputs) {
      const other = values.get(input);
      if (other?.type && !fits(other.type.row, phi.type.row)) {
        report(tableTypesDiffer(describe(phi.type.row), describe(other.type.row), other.span));
        break;
      }
    }
  }
}

/** The same columns in the same order; what is never null fits where null may be. */
const fits = (row: RowType, into: RowType): boolean =>
  row.length === into.length && row.every((c, n) => c.name === into[n]!.name && isSameJs(c.type.js, into[n]!.type.js) && (into[n]!.type.nullable || !c.type.nullable));

const describe = (row: RowType): string => row.map((c) => `${c.name}: ${printType(c.type)}`).join(", ");
