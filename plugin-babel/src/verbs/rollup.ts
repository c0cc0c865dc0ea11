import type { Distribution } from "../ir/distribution.ts";
import { replicated } from "../ir/distribution.ts";
import type { Instruction, TableType } from "../ir/ir.ts";
import type { Column, RowType } from "../ir/types.ts";
import { aggregateFunctions } from "../functions/index.ts";
import { aggregateData, hashedBy, names, readBy, together } from "./rules.ts";
import type { Verb } from "./verb.ts";

function aggregateColumns(i: Instruction, grouped: boolean): Column[] {
  return i.rows.map((r) => {
    const type = aggregateFunctions.get(r.aggregate!)!.result(r.expression?.type ?? null, grouped);
    return { name: r.name!, type };
  });
}

const groupsOf = (i: Instruction): RowType => i.declared ?? [];

export const rollup: Verb = {
  name: "rollup",
  docs: "One row a group: its keys, then the aggregates. Without groupby, one row.",
  example: 'trips.groupby("month").rollup({ trips: op.count(), miles: op.mean("trip_miles") })',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "aggregates" }],
  type: (i, [input]): TableType => {
    i.declared = input!.groups;
    return { row: [...groupsOf(i), ...aggregateColumns(i, input!.groups !== null)], groups: null };
  },
  distribution: (i, inputs): Distribution => {
    const keys = names(groupsOf(i));
    return keys.length === 0 ? replicated("a rollup without groupby is one row, combined over all ranks", i.span) : hashedBy(keys, inputs);
  },
  communicates: (i, [input]) => {
    const keys = names(groupsOf(i));
    if (input!.kind === "replicated") return null;
    if (keys.length === 0) return "partial aggregates combined (Allreduce)";
    return together(input, keys) ? null : `by (${keys.join(", ")}): partial aggregates shuffled (Alltoallv)`;
  },
  // One row has no order; groups stand in order of first appearance.
  order: (i) => (i.rows.some((r) => r.aggregate === "any") ? "observes" : groupsOf(i).length === 0 ? "ignores" : "passes"),
  rowwise: false,
  repeatable: false,
  demands: (i, demanded) => [readBy(i.rows.filter((r) => demanded.has(r.name!)))],
  prune: (i, demanded) => {
    const [first] = i.rows;
    i.rows = i.rows.filter((r) => demanded.has(r.name!));
    // Its one row is there even if nobody reads it: something must be aggregated, and counting is nothing to compute.
    if (i.rows.length === 0 && groupsOf(i).length === 0 && first) i.rows = [{ ...first, aggregate: "count", expression: null }];
  },
  besides: () => "ends",
  lower: (i) => ({
    method: "rollup",
    descriptor: {
      aggregates: i.rows.map(aggregateData),
    },
  }),
};
