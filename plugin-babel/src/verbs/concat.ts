import { concatTypes } from "../diagnostics/concat-types.ts";
import { columnOf } from "../ir/ir.ts";
import { eitherType, isSameJs } from "../ir/types.ts";
import { meetOfInputs, silent } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const concat: Verb = {
  name: "concat",
  docs: "The rows of all tables one after another, with the first table's columns; absent ones are null.",
  example: "green.concat(yellow)",
  on: "table",
  role: "verb",
  signature: [{ kind: "tables" }],
  type: (i, inputs, context) => {
    const [first, ...others] = inputs;
    const row = first!.row.map((column) => {
      let nulls = column.type;
      for (const other of others) {
        const type = columnOf(other.row, column.name);
        if (type !== null && !isSameJs(type.js, column.type.js)) context.report(concatTypes(i.span, column, type));
        nulls = type === null ? { ...nulls, nullable: true } : eitherType(nulls, type);
      }
      return { name: column.name, type: nulls };
    });
    return { row, groups: null };
  },
  distribution: meetOfInputs,
  communicates: silent,
  order: () => "passes",
  rowwise: false,
  repeatable: false,
  demands: (_, demanded, inputs) => inputs.map((t) => new Set([...demanded].filter((name) => columnOf(t.row, name)))),
  // The first table's columns are the result's.
  besides: (_, input) => (input === 0 ? "passes" : "ends"),
  lower: () => ({ method: "concat", descriptor: {} }),
};
