import { followsFirst, groupReads, hashedBy, names, together, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const slice: Verb = {
  name: "slice",
  docs: "Rows start to end (exclusive) in the table's order, of a grouped table those of each group; negative counts from the end.",
  example: "ranked.slice(0, 10)",
  on: "table",
  role: "verb",
  grouped: true,
  signature: [
    { kind: "scalar", name: "start", optional: true, default: "0", takes: "number" },
    { kind: "scalar", name: "end", optional: true, default: "undefined", takes: "number" },
  ],
  type: (i, [input]) => {
    i.declared = input!.groups;
    return input!;
  },
  distribution: (i, inputs) => (i.declared ? hashedBy(names(i.declared), inputs) : followsFirst(i, inputs)),
  communicates: (i, [input]) => {
    if (input!.kind === "replicated") return null;
    const keys = names(i.declared ?? []);
    if (keys.length === 0) return "row positions (Exscan)";
    return together(input, keys) ? null : `by (${keys.join(", ")}): rows shuffled (Alltoallv)`;
  },
  order: () => "observes",
  rowwise: true,
  repeatable: false,
  demands: (_, demanded, [input]) => [union(demanded, groupReads(input))],
  lower: () => ({ method: "slice", descriptor: {} }),
};
