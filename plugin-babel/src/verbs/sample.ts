import { ANY } from "../ir/distribution.ts";
import { optionsOf } from "./options.ts";
import { groupReads, names, together, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const sample: Verb = {
  name: "sample",
  docs: "Rows chosen at random, of a grouped table so many of each group; the same ones for the same seed, however many ranks there are. In random order, or with `shuffle: false` in the table's; with `replace` a row may come more than once.",
  example: "trips.sample(1000, { seed: 7 })",
  on: "table",
  role: "verb",
  grouped: true,
  signature: [
    { kind: "scalar", name: "size", optional: false, takes: "number" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.sample },
  ],
  type: (i, [input]) => {
    i.declared = input!.groups;
    return input!;
  },
  distribution: (_, [input]) => (input!.kind === "replicated" ? input! : ANY),
  communicates: (i, [input]) => {
    if (input!.kind === "replicated") return null;
    const keys = names(i.declared ?? []);
    return `row positions (Exscan); sample sort by random numbers: samples (Allgather), rows (Alltoallv)${keys.length === 0 || together(input, keys) ? "" : `; by (${keys.join(", ")}): rows shuffled (Alltoallv)`}`;
  },
  // A row's random number is that of its place.
  order: () => "observes",
  rowwise: false,
  repeatable: false,
  demands: (_, demanded, [input]) => [union(demanded, groupReads(input))],
  lower: (i) => ({ method: "sample", descriptor: { columns: [...union(i.demanded ?? [], groupReads(i.type ?? undefined))] } }),
};
