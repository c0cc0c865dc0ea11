import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const groupedTable = defineDiagnostic(
  {
    code: "LS1110",
    title: "A verb on a grouped table",
    kind: "user-error",
    docs: "After groupby come rollup or count. Other verbs go before groupby, where they mean the same.",
    example: {
      wrong: 'await trips.groupby("zone").filter((d) => d.paid).count().writeParquet(out);',
      right: 'await trips.filter((d) => d.paid).groupby("zone").count().writeParquet(out);',
    },
  },
  (verb: string, span: SourceSpan) => ({
    message: `${verb} cannot follow groupby: only rollup and count can`,
    locations: [at(span, "on a grouped table")],
    fix: { message: "put it before groupby", edits: [] },
  }),
);
