import { followsFirst } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const slice: Verb = {
  name: "slice",
  docs: "Rows start to end (exclusive) in the table's order; negative counts from the end.",
  example: "ranked.slice(0, 10)",
  on: "table",
  role: "verb",
  signature: [
    { kind: "scalar", name: "start", optional: true, default: "0" },
    { kind: "scalar", name: "end", optional: true, default: "undefined" },
  ],
  type: (_, [input]) => input!,
  distribution: followsFirst,
  communicates: (_, [input]) => (input!.kind === "replicated" ? null : "row positions (Exscan)"),
  order: () => "observes",
  rowwise: true,
  repeatable: false,
  demands: (_, demanded) => [demanded],
  lower: () => ({ method: "slice", descriptor: {} }),
};
