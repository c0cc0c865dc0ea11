import { rollup } from "./rollup.ts";
import type { Verb } from "./verb.ts";

/** `rollup({ count: op.count() })` */
export const count: Verb = {
  ...rollup,
  name: "count",
  docs: 'The number of rows of each group, or of the table, as `count`, or as `{ as: "n" }` names it.',
  example: 'trips.groupby("month").count({ as: "trips" })',
  signature: [{ kind: "count" }],
};
