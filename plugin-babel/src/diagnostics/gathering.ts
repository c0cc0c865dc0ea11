import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const gathering = defineDiagnostic(
  {
    code: "LS1311",
    title: "A table that every rank gathers",
    kind: "not-parallelisable",
    severity: "warning",
    docs: "Iterating over a distributed table brings all its rows to every rank. Say so with objects(), which has a limit, or use verbs. With the plugin's option `strict` it is an error, and so are array() and an objects() that names no limit.",
    example: {
      wrong: "for (const row of trips) console.log(row.fare);",
      right: "for (const row of trips.objects({ limit: 100 })) console.log(row.fare);",
    },
  },
  (what: string, span: SourceSpan) => ({
    message: `${what} brings all rows of a distributed table to every rank`,
    locations: [at(span, "gathers the table")],
    fix: { message: "use verbs, or say objects({ limit })", edits: [] },
  }),
);
