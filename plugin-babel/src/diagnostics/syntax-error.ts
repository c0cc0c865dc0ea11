import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const syntaxError = defineDiagnostic(
  {
    code: "LS1005",
    title: "A syntax error",
    kind: "user-error",
    docs: "The file is no JavaScript or TypeScript that Babel's parser reads.",
    example: {
      wrong: "return trips.filter((d) => d.fare > ).numRows();",
      right: "return trips.filter((d) => d.fare > 10).numRows();",
    },
  },
  (message: string, span: SourceSpan) => ({
    message,
    locations: [at(span, "here")],
    fix: { message: "write what the language has here; nothing else of the file is looked at before", edits: [] },
  }),
);
