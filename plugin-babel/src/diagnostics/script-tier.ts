import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const scriptTier = defineDiagnostic(
  {
    code: "LS1310",
    title: "A row function without a native form",
    kind: "not-supported",
    docs: "Row functions run in the engine, as native code with JavaScript's meaning. Regular expressions, functions of packages, loops and Intl have no native form yet. Write the row function with operators, Math, string and Date methods, or compute the values before.",
  },
  (reason: string, span: SourceSpan) => ({
    message: `This row function cannot run natively: ${reason}`,
    locations: [at(span, "needs V8 for every row")],
    why: ["running it in V8 for every row is not supported yet"],
  }),
);
