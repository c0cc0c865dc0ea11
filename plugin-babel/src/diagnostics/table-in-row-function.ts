import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const tableInRowFunction = defineDiagnostic(
  {
    code: "LS1216",
    title: "A table inside a row function",
    kind: "not-parallelisable",
    docs: "A table is spread over all ranks; a row function runs on one of them and sees one row. Bring the other table's columns to the row with join, or take a scalar out of it before the verb.",
    example: {
      wrong: "await trips.derive({ share: (d) => d.fare / zones.numRows() }).writeParquet(out);",
      right: `const count = zones.numRows();
await trips.derive({ share: (d) => d.fare / count }).writeParquet(out);`,
    },
  },
  (name: string, span: SourceSpan) => ({
    message: `'${name}' is a table: a row function cannot read it`,
    locations: [at(span, "spread over all ranks")],
    fix: { message: `join '${name}' first, or take the value into a const before the verb`, edits: [] },
  }),
);
