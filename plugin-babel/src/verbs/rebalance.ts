import { BLOCK } from "../ir/distribution.ts";
import type { Verb } from "./verb.ts";

export const rebalance: Verb = {
  name: "rebalance",
  docs: "The same rows in the same order, each rank with as many of them as another: before slow row functions, where a filter may have left most rows on few ranks.",
  example: "trips.filter((d) => d.trip_miles > 10).rebalance()",
  on: "table",
  role: "verb",
  signature: [],
  type: (_, [input]) => input!,
  distribution: (_, [input]) => (input!.kind === "replicated" ? input! : BLOCK),
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "the ranks' counts (Allgather), rows (Alltoallv)"),
  order: () => "passes",
  passFilter: () => ({ input: 0 }),
  rowwise: true,
  repeatable: false,
  demands: (_, demanded) => [demanded],
  lower: () => ({ method: "rebalance", descriptor: {} }),
};
