import { duplicateColumn } from "../diagnostics/duplicate-column.ts";
import { verbArgument } from "../diagnostics/verb-argument.ts";
import { aggregateFunctions } from "../functions/index.ts";
import type { Data } from "../ir/data.ts";
import type { Instruction, RowArgument } from "../ir/ir.ts";
import type { Column } from "../ir/types.ts";
import { planExpression } from "../ir/plan-expression.ts";
import { rollup } from "./rollup.ts";
import { aggregateData, expressionOf, readBy, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

const of = (i: Instruction, role: RowArgument["role"]): RowArgument[] => i.rows.filter((r) => r.role === role);

/** What is pivoted on: no name, because it names no column of the result. */
const onOf = (i: Instruction): RowArgument => of(i, "key")[0]!;

/** An aggregate for each key: what belongs to it has its name. */
function perKey(i: Instruction): RowArgument[] {
  const [values, keys] = [of(i, "aggregate"), of(i, "on")];
  return values.flatMap((value) => keys.flatMap((key) => {
    const name = values.length === 1 ? key.name : `${value.name}${key.name}`;
    return [...i.rows.filter((r) => r === value || (r.role === "pair" && r.name === value.name)), key].map((r) => ({ ...r, name }));
  }));
}

export const pivot: Verb = {
  ...rollup,
  name: "pivot",
  docs: "A row for each group, or one: for each of the keys listed a column of the aggregates of its rows. Of several aggregates the columns are named `name_key`.",
  example: 'trips.groupby("zone").pivot("month", { miles: op.sum("trip_miles") }, { keys: [1, 2, 3] })',
  signature: [{ kind: "pivoted" }],
  type: (i, [input], context) => {
    const on = onOf(i);
    if (!on?.expression) return null;
    i.rows = [{ ...on, name: null }, ...perKey(i)];
    i.declared = input!.groups;
    const wrong = of(i, "on").find((key) => key.expression!.type.js !== on.expression!.type.js);
    if (wrong) context.report(verbArgument("pivot", `keys of the type of what is pivoted on, ${on.expression.type.js},`, wrong.span, "write the values that the column has, or pivot on their texts: pivot({ key: (d) => String(d.x) }, …)"));
    // As in Arquero: of a key without rows even their number is null.
    const columns = of(i, "aggregate").map((r): Column => ({ name: r.name!, type: { ...aggregateFunctions.get(r.aggregate!)!.result(r.expression?.type ?? null, false), nullable: true } }));
    const row = [...(i.declared ?? []), ...columns];
    row.forEach((column, n) => {
      if (row.findIndex((other) => other.name === column.name) < n) context.report(duplicateColumn(column.name, on.span));
    });
    return { row, groups: null };
  },
  demands: (i, demanded) => [union(readBy(i.rows.filter((r) => r.name === null || demanded.has(r.name))))],
  prune: (i, demanded) => {
    i.rows = i.rows.filter((r) => r.name === null || demanded.has(r.name));
  },
  lower: (i) => ({
    method: "pivot",
    descriptor: {
      on: expressionOf(onOf(i)),
      aggregates: of(i, "aggregate").map((r): Data => ({ key: planExpression(i.rows.find((key) => key.role === "on" && key.name === r.name)!.expression!), aggregate: aggregateData(r, i) })),
    },
  }),
};
