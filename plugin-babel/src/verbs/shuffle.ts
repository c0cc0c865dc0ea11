import { ANY } from "../ir/distribution.ts";
import { optionsOf } from "./options.ts";
import type { Verb } from "./verb.ts";

export const shuffle: Verb = {
  name: "shuffle",
  docs: "All rows in random order: the same order for the same seed, however many ranks there are.",
  example: "trips.shuffle({ seed: 7 })",
  on: "table",
  role: "verb",
  signature: [{ kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.shuffle }],
  type: (_, [input]) => input!,
  distribution: (_, [input]) => (input!.kind === "replicated" ? input! : ANY),
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "row positions (Exscan); sample sort by random numbers: samples (Allgather), rows (Alltoallv)"),
  // A row's random number is that of its place.
  order: () => "observes",
  rowwise: false,
  repeatable: false,
  demands: (_, demanded) => [demanded],
  lower: (i) => ({ method: "shuffle", descriptor: { columns: [...(i.demanded ?? [])] } }),
};
