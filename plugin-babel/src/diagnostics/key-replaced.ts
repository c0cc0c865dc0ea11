import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const keyReplaced = defineDiagnostic(
  {
    code: "LS1116",
    title: "A column that groups are made of is replaced",
    kind: "not-supported",
    docs: "The rows of a grouped table stay in the groups they were put in. Their keys are computed again where they are needed, so derive and impute cannot replace a column that a key reads. Give the new column another name, or ungroup first.",
    example: {
      wrong: 'await trips.groupby("zone").derive({ zone: (d) => d.zone + 1 }).count().writeParquet(out);',
      right: 'await trips.groupby("zone").derive({ next: (d) => d.zone + 1 }).count().writeParquet(out);',
    },
  },
  (verb: string, name: string, span: SourceSpan) => ({
    message: `${verb} replaces "${name}", which the groups are made of: that is not supported yet`,
    locations: [at(span, "a key reads this column")],
    fix: { message: "give the new column another name, or ungroup() first", edits: [] },
  }),
);
