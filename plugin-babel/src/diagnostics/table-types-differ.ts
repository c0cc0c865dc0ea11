import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const tableTypesDiffer = defineDiagnostic(
  {
    code: "LS1108",
    title: "One variable, two row types",
    kind: "user-error",
    docs: "Where branches or loop iterations meet, a table variable has the same columns on every path. Bring them to the same columns with select or derive.",
    example: {
      wrong: `let result = trips.select("zone", "fare");
if (trips.numRows() > 1000) result = trips.select("zone", "tip") as never;
await result.writeParquet(out);`,
      right: `let result = trips.select("zone", "fare");
if (trips.numRows() > 1000) result = trips.filter((d) => d.paid).select("zone", "fare");
await result.writeParquet(out);`,
    },
  },
  (left: string, right: string, span: SourceSpan) => ({
    message: `This table has other columns on one path than on the other: ${left}, and ${right}`,
    locations: [at(span, "columns differ here")],
    fix: { message: "select the same columns on both paths", edits: [] },
  }),
);
