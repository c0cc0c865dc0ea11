import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const varyingResult = defineDiagnostic(
  {
    code: "LS1315",
    title: "One rank's part is returned",
    kind: "user-error",
    severity: "warning",
    docs: "Who calls the function gets what rank 0 returns. Where that is computed of rank(), or of the rows of a batch, it is rank 0's part alone, while under plain Node, where there is one rank, it is all. A collective brings the parts together; what reduce and gather give to rank 0 may be returned.",
    example: {
      wrong: "let n = 0;\nfor await (const batch of trips.batches({ rows: 1000 })) n += batch.rows;\nreturn n;",
      right: "let n = 0;\nfor await (const batch of trips.batches({ rows: 1000 })) n += batch.rows;\nreturn await allreduce(n);",
    },
  },
  (source: string, span: SourceSpan) => ({
    message: `'${source}' may differ between ranks, and the caller gets rank 0's`,
    locations: [at(span, "one rank's part")],
    fix: { message: "bring the ranks' parts together first: await allreduce(…), or await gather(…)", edits: [] },
  }),
);
