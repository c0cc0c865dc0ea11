import { followsFirst, silent } from "./rules.ts";
import type { Verb } from "./verb.ts";

/** Not in the source: cut-plans puts it where a table has consumers in several executions. */
export const spool: Verb = {
  name: "spool",
  docs: "Keeps a table between executions: computed by the first that needs it, read by the others.",
  example: "trips.join(weather, \"date\") // used twice",
  on: "table",
  role: "verb",
  signature: [],
  type: (_, [input]) => input!,
  distribution: followsFirst,
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  repeatable: false,
  demands: (_, demanded) => [demanded],
  lower: (i) => ({ method: "spool", descriptor: { spool: Number(i.scalars.id!.source) } }),
};
