import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const groupedTable = defineDiagnostic(
  {
    code: "LS1110",
    title: "A verb on a grouped table",
    kind: "user-error",
    docs: "After groupby come rollup, count, derive, filter, orderby, slice, another groupby, or ungroup. Other verbs take the table without its groups.",
    example: {
      wrong: 'await trips.groupby("zone").derive({ previous: op.lag("at") }).writeParquet(out);',
      right: 'await trips.groupby("zone").derive({ previous: op.lag("at") }).ungroup().writeParquet(out);',
    },
  },
  (verb: string, span: SourceSpan) => ({
    message: `${verb} takes no grouped table`,
    locations: [at(span, "on a grouped table")],
    fix: { message: "ungroup() before it, or put it before groupby", edits: [] },
  }),
);
