/** What writes files of an Iceberg table again, and changes no row. */
import { replicated } from "../ir/distribution.ts";
import { optionsOf } from "./options.ts";
import type { Verb } from "./verb.ts";
import { writeIceberg } from "./writers.ts";

export const compactIceberg: Verb = {
  ...writeIceberg,
  name: "compactIceberg",
  docs: "Writes files of an Iceberg table again where that makes fewer of them, of the size that the table wants: within a partition small ones become one, without the rows that delete files name. No row changes; the answer is how many files became how many.",
  example: "await compactIceberg(out)",
  on: "module",
  signature: [
    { kind: "scalar", name: "path", optional: false, takes: "path" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.compactIceberg },
  ],
  type: () => null,
  distribution: (i) => replicated("a compaction has no rows", i.span),
  communicates: () => "which files each rank writes again (Bcast); own data files; rank 0 commits a snapshot (Barrier)",
  order: () => "ignores",
  demands: () => [],
  lower: () => ({ method: "compactIceberg", descriptor: {} }),
};
