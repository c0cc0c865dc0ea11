/** sum, mean, … take numbers. */
import { aggregateArgument } from "../diagnostics/aggregate-argument.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { aggregateFunctions } from "../functions/index.ts";
import { type FunctionIR, instructions } from "../ir/ir.ts";
import { isNested } from "../ir/types.ts";

export function validateAggregateTypes(fn: FunctionIR, report: (d: Diagnostic) => void): void {
  for (const i of instructions(fn)) {
    for (const row of i.rows) {
      const of = row.role === "pair" ? i.rows.find((r) => r.name === row.name)! : row;
      const aggregate = of.aggregate === undefined ? undefined : aggregateFunctions.get(of.aggregate);
      const type = row.expression?.type;
      if (aggregate?.argument && type && !aggregate.argument.includes(type.js) && !(aggregate.nested && isNested(type.js))) report(aggregateArgument(aggregate.name, type, aggregate.argument, row.expression?.kind === "column" ? row.expression.name : null, row.span));
    }
  }
}
