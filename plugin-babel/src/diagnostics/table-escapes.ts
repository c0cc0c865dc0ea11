import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const tableEscapes = defineDiagnostic(
  {
    code: "LS1305",
    title: "A table where it cannot be followed",
    kind: "not-supported",
    docs: "The compiler follows tables through variables, conditionals, helpers and returns. In arrays, objects, closures and arguments of unknown functions it cannot tell which table is meant.",
    example: {
      wrong: `const inputs = { trips };
return inputs.trips.numRows();`,
      right: "return trips.numRows();",
    },
  },
  (span: SourceSpan, where: string, fix: string = "keep it in a variable of its own", others: readonly SourceSpan[] = []) => ({
    message: `A table ${where} is not supported yet`,
    locations: [at(span, "a table"), ...others.map((other) => at(other, "another"))],
    fix: { message: fix, edits: [] },
  }),
);
