import { keyReplaced } from "../diagnostics/key-replaced.ts";
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import { mixedColumn } from "../diagnostics/mixed-column.ts";
import type { Data } from "../ir/data.ts";
import type { Expression } from "../ir/expression.ts";
import { columnOf, type RowArgument } from "../ir/ir.ts";
import { planExpression } from "../ir/plan-expression.ts";
import { isSameJs, printJs, type ValueType } from "../ir/types.ts";
import { columns, derive, typeOf, windows } from "./derive.ts";
import { groupReads, union } from "./rules.ts";
import { reportWindows } from "./window-arguments.ts";
import { windowData } from "./windows.ts";
import type { Verb } from "./verb.ts";

/** The column of the window that stands in for a value: no program has it. */
const standIn = (r: RowArgument): string => ` ${r.name}`;

/** The value where it is there, else what stands in for it. */
function filled(name: string, type: ValueType, otherwise: Expression): Expression {
  const { span } = otherwise;
  const value: Expression = { kind: "column", name, type: { ...type, nullable: true }, span };
  const test = (fn: string): Expression => ({ kind: "call", function: fn, args: [value], type: { js: "boolean", nullable: false }, span });
  const isMissing: Expression = type.js === "number" ? { kind: "or", left: test("isNull"), right: test("Number.isNaN"), type: { js: "boolean", nullable: false }, span } : test("isNull");
  return { kind: "if", test: isMissing, then: otherwise, else: value, type: otherwise.type, span };
}

export const impute: Verb = {
  ...derive,
  name: "impute",
  signature: [{ kind: "columns" }],
  docs: "Puts values in the place of null and NaN: of row functions, or aggregates of the table or the group.",
  example: 'trips.impute({ trip_miles: op.mean("trip_miles"), driver: () => "unknown" })',
  type: (i, [input], context) => {
    i.declared = input!.groups;
    reportWindows(i, context);
    const row = [...input!.row];
    for (const r of columns(i)) {
      const old = columnOf(input!.row, r.name!);
      if (groupReads(input).includes(r.name!)) context.report(keyReplaced("impute", r.name!, r.span));
      if (!old) {
        context.report(misspeltColumn(r.name!, r.span, input!.row, context.origin(i, 0, r.name!)));
        continue;
      }
      const type = typeOf(r, i);
      if (!isSameJs(type.js, old.js)) context.report(mixedColumn([old.js, type.js].map((js) => printJs(js)), r.span));
      row[row.findIndex((c) => c.name === r.name)] = { name: r.name!, type };
    }
    return { ...input!, row };
  },
  lower: (i) => ({
    method: "impute",
    descriptor: {
      windows: windows(i).map((r): Data => ({ name: standIn(r), value: windowData(r, i) })),
      columns: columns(i).map((r): Data => {
        const type = columnOf(i.type!.row, r.name!)!;
        const otherwise: Expression = r.role === "window" ? { kind: "column", name: standIn(r), type: { ...type, nullable: true }, span: r.span } : r.expression!;
        return { name: r.name, expression: planExpression(filled(r.name!, type, otherwise)) };
      }),
      kept: [...union(i.demanded ?? [], groupReads(i.type ?? undefined))],
    },
  }),
};
