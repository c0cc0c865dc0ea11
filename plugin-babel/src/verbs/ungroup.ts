import { followsFirst, silent } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const ungroup: Verb = {
  name: "ungroup",
  docs: "The table without its groups, as observers, writers and all verbs need it that take no grouped table.",
  example: 'trips.groupby("driver").derive({ previous: op.lag("at") }).ungroup()',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [],
  type: (_, [input]) => ({ row: input!.row, groups: null }),
  distribution: followsFirst,
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  passFilter: () => ({ input: 0 }),
  repeatable: true,
  demands: (_, demanded) => [demanded],
  lower: () => ({ method: "ungroup", descriptor: {} }),
};
