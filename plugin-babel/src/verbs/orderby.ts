import type { Distribution } from "../ir/distribution.ts";
import { expressionOf, groupReads, readBy, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const orderby: Verb = {
  name: "orderby",
  docs: "Sorts, stably; ascending puts null and NaN first, descending last.",
  example: 'monthly.orderby("month", desc("trips"))',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "sort-keys" }],
  type: (_, [input]) => input!,
  distribution: (i, [input]): Distribution => {
    if (input!.kind === "replicated") return input!;
    const keys = i.rows.map((r) => (r.expression?.kind === "column" ? r.expression.name : r.source));
    return { kind: "distributed", partitioning: { kind: "range", keys } };
  },
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "sample sort: samples (Allgather), rows by key range (Alltoallv)"),
  order: () => "passes",
  rowwise: false,
  passFilter: () => ({ input: 0 }),
  repeatable: false,
  demands: (i, demanded, [input]) => [union(demanded, readBy(i.rows), groupReads(input))],
  lower: (i) => ({ method: "orderby", descriptor: { keys: i.rows.map((r) => ({ expression: expressionOf(r), descending: r.descending ?? false })) } }),
};
