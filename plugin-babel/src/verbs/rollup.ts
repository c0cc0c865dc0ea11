import type { Distribution } from "../ir/distribution.ts";
import { replicated } from "../ir/distribution.ts";
import type { Instruction, RowArgument, TableType } from "../ir/ir.ts";
import type { Column, RowType } from "../ir/types.ts";
import { aggregateFunctions } from "../functions/index.ts";
import { aggregateData, hashedBy, names, readBy, renameKeys, together } from "./rules.ts";
import type { Verb } from "./verb.ts";

const aggregatesOf = (i: Instruction): RowArgument[] => i.rows.filter((r) => r.role === "aggregate");

function aggregateColumns(i: Instruction, grouped: boolean): Column[] {
  return aggregatesOf(i).map((r) => {
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
    // An aggregate of a key's name takes the key's place.
    const columns = new Map([...groupsOf(i), ...aggregateColumns(i, input!.groups !== null)].map((column) => [column.name, column]));
    return { row: [...columns.values()], groups: null };
  },
  distribution: (i, inputs): Distribution => {
    const keys = names(groupsOf(i));
    if (keys.length === 0) return replicated("a rollup without groupby is one row, combined over all ranks", i.span);
    const replaced = new Set(i.rows.map((r) => r.name));
    return renameKeys(hashedBy(keys, inputs), (key) => (replaced.has(key) ? null : key));
  },
  communicates: (i, [input]) => {
    const keys = names(groupsOf(i));
    if (input!.kind === "replicated") return null;
    if (keys.length === 0) return "partial aggregates combined (Allreduce)";
    return together(input, keys) ? null : `by (${keys.join(", ")}): partial aggregates shuffled (Alltoallv)`;
  },
  // One row has no order; groups stand in order of first appearance.
  order: (i) => (aggregatesOf(i).some((r) => aggregateFunctions.get(r.aggregate!)!.seesOrder) ? "observes" : groupsOf(i).length === 0 ? "ignores" : "passes"),
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
  lower: (i) => ({ method: "rollup", descriptor: { aggregates: aggregatesOf(i).map((r) => aggregateData(r, i)) } }),
};
