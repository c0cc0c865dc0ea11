import { verbArgument } from "../diagnostics/verb-argument.ts";
import { ANY } from "../ir/distribution.ts";
import { optionsOf } from "./options.ts";
import { expressionOf, groupReads, names, readBy, together, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const sample: Verb = {
  name: "sample",
  docs: "Rows chosen at random, of a grouped table so many of each group; the same ones for the same seed, however many ranks there are. In random order, or with `shuffle: false` in the table's; with `replace` a row may come more than once, with `weight` rows are chosen in proportion to it.",
  example: 'trips.sample(1000, { seed: 7, weight: "trip_miles" })',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [
    { kind: "scalar", name: "size", optional: false, takes: "number" },
    { kind: "weight" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.sample },
  ],
  type: (i, [input], context) => {
    i.declared = input!.groups;
    const [weight] = i.rows;
    if (weight && weight.expression!.type.js !== "number") context.report(verbArgument("sample", "a weight that is a number", weight.span, "name a column of numbers, or write a row function that gives one"));
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
  demands: (i, demanded, [input]) => [union(demanded, groupReads(input), readBy(i.rows))],
  lower: (i) => ({
    method: "sample",
    descriptor: { columns: [...union(i.demanded ?? [], groupReads(i.type ?? undefined))], ...(i.rows[0] && { weight: expressionOf(i.rows[0]) }) },
  }),
};
