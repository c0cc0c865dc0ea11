import { expressionOf, hashedBy, keyNames, names, readBy, together, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const dedupe: Verb = {
  name: "dedupe",
  docs: "The first row, in table order, of each distinct key; without keys, of each distinct row. Keys are columns, selections of them, and row functions.",
  example: 'trips.dedupe("PULocationID", "DOLocationID")',
  on: "table",
  role: "verb",
  signature: [{ kind: "keys" }],
  implied: ([input]) => names(input!.row).map((column) => ({ role: "key", input: 0, column })),
  type: (_, [input]) => ({ row: input!.row, groups: null }),
  distribution: (i, inputs) => hashedBy(keyNames(i.rows), inputs),
  communicates: (i, [input]) => (together(input, keyNames(i.rows)) ? null : `by (${keyNames(i.rows).join(", ")}): first rows shuffled (Alltoallv)`),
  order: () => "observes",
  rowwise: false,
  repeatable: false,
  demands: (i, demanded) => [union(demanded, readBy(i.rows))],
  // Without keys named, all columns are the key.
  besides: (i) => (i.wild || i.rows.every((r) => r.source === "") ? "seen" : "passes"),
  lower: (i) => ({ method: "dedupe", descriptor: { keys: i.rows.map(expressionOf) } }),
};
