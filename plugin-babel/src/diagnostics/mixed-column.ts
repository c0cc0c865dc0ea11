import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const mixedColumn = defineDiagnostic(
  {
    code: "LS1212",
    title: "A column of several types",
    kind: "user-error",
    docs: "A column holds values of one type, and null. Convert the branches to one type; for a missing value return null. `a && b` gives `a` itself when it is falsy: write `a !== null && b` for a boolean.",
    example: {
      wrong: 'await trips.derive({ fare: (d) => (d.paid ? d.fare : "unpaid") }).writeParquet(out);',
      right: "await trips.derive({ fare: (d) => (d.paid ? d.fare : null) }).writeParquet(out);",
    },
  },
  (types: readonly string[], span: SourceSpan) => ({
    message: `This gives values of several types (${types.join(" | ")}); a column has one`,
    locations: [at(span, types.join(" | "))],
    fix: { message: "convert them to one type, String(…), Number(…); what is missing is null", edits: [] },
  }),
);
