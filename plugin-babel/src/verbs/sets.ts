import { absentColumn } from "../diagnostics/absent-column.ts";
import { concatTypes } from "../diagnostics/concat-types.ts";
import { columnOf } from "../ir/ir.ts";
import { concat } from "./concat.ts";
import { expressionOf, hashedBy, keyNames, meetOfInputs, names, readBy, together, union as unionOf } from "./rules.ts";
import type { Verb } from "./verb.ts";
import { isSameJs } from "../ir/types.ts";

interface SetRecord {
  readonly name: string;
  readonly docs: string;
  readonly example: string;
  /** Rows of the other tables are in the result, too. */
  readonly adds: boolean;
}

/** Whole rows are the keys, by the columns of the first table. */
const makeSet = ({ name, docs, example, adds }: SetRecord): Verb => ({
  name,
  docs,
  example,
  on: "table",
  role: "verb",
  signature: adds ? [{ kind: "tables" }] : [{ kind: "table" }, { kind: "tables" }],
  implied: ([first]) => names(first!.row).map((column) => ({ role: "key", input: 0, column })),
  type: adds
    ? concat.type
    : (i, [first, ...others], context) => {
        for (const column of first!.row) {
          for (const { row } of others) {
            const type = columnOf(row, column.name);
            if (type === null) context.report(absentColumn(i.span, name, column.name, row));
            else if (!isSameJs(type.js, column.type.js)) context.report(concatTypes(i.span, column, type, "compared here"));
          }
        }
        return { row: first!.row, groups: null };
      },
  distribution: (i, inputs) => hashedBy(keyNames(i.rows), [meetOfInputs(i, inputs)]),
  communicates: (i, inputs) => (inputs.every((input) => together(input, keyNames(i.rows))) ? null : "by all columns: rows shuffled (Alltoallv)"),
  order: (_, input) => (adds || input === 0 ? "observes" : "ignores"),
  rowwise: !adds,
  repeatable: false,
  demands: (i, demanded, inputs) => {
    const all = unionOf(demanded, readBy(i.rows));
    return inputs.map((t) => new Set([...all].filter((column) => columnOf(t.row, column))));
  },
  // Whole rows are compared: what the interface leaves out would be, too.
  besides: (_, input) => (input === 0 ? "seen" : "ends"),
  lower: (i) => ({ method: name, descriptor: { keys: i.rows.map(expressionOf) } }),
});

export const union = makeSet({
  name: "union",
  adds: true,
  docs: "The distinct rows of all tables, in the order of their first appearance.",
  example: "green.union(yellow)",
});
export const intersect = makeSet({
  name: "intersect",
  adds: false,
  docs: "The distinct rows that are in another table as well; a row with null in it is in none, as in a join.",
  example: "thisYear.intersect(lastYear)",
});
export const except = makeSet({
  name: "except",
  adds: false,
  docs: "The distinct rows that are in no other table.",
  example: "thisYear.except(lastYear)",
});
