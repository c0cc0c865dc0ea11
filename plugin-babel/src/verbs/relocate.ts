import { verbArgument } from "../diagnostics/verb-argument.ts";
import { columnOf, type Instruction, type OutputColumn, selectedBy } from "../ir/ir.ts";
import type { RowType } from "../ir/types.ts";
import { reportMissing, reportTwice } from "./named.ts";
import { names } from "./rules.ts";
import { select } from "./select.ts";
import type { TypeContext, Verb } from "./verb.ts";

/** Whether a column says where others are put. */
const isAnchor = (c: OutputColumn): boolean => c.option === "before" || c.option === "after";

/** The columns of `row` in their new order, after `i.columns`, which name the moved ones and the place; null after a report. */
export function relocated(i: Instruction, moved: readonly OutputColumn[], row: RowType, context: TypeContext): OutputColumn[] | null {
  const places = i.columns.filter(isAnchor);
  reportMissing(i, places.flatMap((c) => c.selector?.names.map((from) => ({ ...c, from })) ?? [c]), [{ row, groups: null }], context);
  const named = places.flatMap((c) => (c.selector ? selectedBy(c.selector, row) : [c.from])).filter((name) => columnOf(row, name));
  // How they are written could not be read.
  if (places.length === 0) return null;
  const isBefore = places[0]!.option === "before";
  const anchor = isBefore ? named[0] : named.at(-1);
  if (anchor === undefined) {
    if (places.some((c) => c.selector)) context.report(verbArgument(i.op, "a place that some column has", places[0]!.span, "no column is like that: name one that is there"));
    return null;
  }
  const put = new Map(moved.map((c) => [c.from, c]));
  return names(row).flatMap((name): OutputColumn[] => {
    const itself = put.has(name) ? [] : [{ input: 0 as const, from: name, as: name, span: i.span }];
    if (name !== anchor) return itself;
    return isBefore ? [...put.values(), ...itself] : [...itself, ...put.values()];
  });
}

/** A select of all columns in another order: it is one from the type rule on. */
export const relocate: Verb = {
  ...select,
  name: "relocate",
  docs: "Puts columns, perhaps under new names, `before` the first of others, or `after` the last; all others stay.",
  example: 'weather.relocate("PRCP", { before: "DATE" })',
  signature: [{ kind: "relocated" }],
  besides: () => "passes",
  type: (i, [input], context) => {
    const moved = reportMissing(i, i.columns.filter((c) => !isAnchor(c)), [input!], context);
    const columns = relocated(i, moved, input!.row, context);
    if (!columns) return null;
    i.columns = columns;
    reportTwice(i.columns, context);
    return { ...input!, row: i.columns.map((c) => ({ name: c.as, type: columnOf(input!.row, c.from)! })) };
  },
};
