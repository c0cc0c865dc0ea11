import { followsFirst, namedExpressions, readBy, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const groupby: Verb = {
  name: "groupby",
  docs: "Says by which keys rollup, count, pivot, slice, sample, and the windows and aggregates of derive and impute group; moves nothing itself.",
  example: 'trips.groupby("PULocationID", { month: (d) => d.pickup_datetime.getUTCMonth() })',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "keys" }],
  type: (i, [input]) => {
    // Of two keys of one name the later one counts, in the place of the first.
    i.rows = [...new Map(i.rows.map((k) => [k.name, k])).values()];
    return { row: input!.row, groups: i.rows.map((k) => ({ name: k.name!, type: k.expression!.type })), groupReads: [...readBy(i.rows)] };
  },
  distribution: followsFirst,
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  repeatable: true,
  // A key groups even where its column is not read afterwards: none can be forgotten.
  demands: (i, demanded) => [union(demanded, readBy(i.rows))],
  lower: (i) => ({ method: "groupby", descriptor: { keys: namedExpressions(i.rows) } }),
};
