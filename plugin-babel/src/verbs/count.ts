import { rollup } from "./rollup.ts";
import type { Verb } from "./verb.ts";

/** `rollup({ count: op.count() })` */
export const count: Verb = {
  ...rollup,
  name: "count",
  docs: "The number of rows of each group, or of the table.",
  example: 'trips.groupby("month").count()',
  signature: [{ kind: "count" }],
};
