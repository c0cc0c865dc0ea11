import type { RowType, SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const absentColumn = defineDiagnostic(
  {
    code: "LS1117",
    title: "Rows of other columns",
    kind: "user-error",
    docs: "intersect and except compare whole rows: the other table must have every column of the first. Leave out with select what only the first one has.",
    example: {
      wrong: 'await zones.except(table({ zone: [1] }) as typeof zones).writeParquet(out);',
      right: 'await zones.select("zone").except(table({ zone: [1] })).writeParquet(out);',
    },
  },
  (span: SourceSpan, verb: string, column: string, other: RowType) => ({
    message: `The other table of ${verb} has no column '${column}'`,
    locations: [at(span, "whole rows are compared")],
    why: [`its columns are ${other.map((c) => c.name).join(", ")}`],
    fix: { message: `select the columns that both have before ${verb}`, edits: [] },
  }),
);
