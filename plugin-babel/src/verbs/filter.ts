import { expressionOf, followsFirst, groupReads, readBy, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const filter: Verb = {
  name: "filter",
  docs: "Keeps the rows for which the predicate is true.",
  example: "trips.filter((d) => d.trip_miles > 1)",
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "predicate" }],
  type: (_, [input]) => input!,
  distribution: followsFirst,
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  passFilter: () => ({ input: 0 }),
  repeatable: true,
  demands: (i, demanded, [input]) => [union(demanded, readBy(i.rows), groupReads(input))],
  lower: (i) => ({ method: "filter", descriptor: { predicate: expressionOf(i.rows[0]!) } }),
};
