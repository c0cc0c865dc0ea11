import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const notARowFunction = defineDiagnostic(
  {
    code: "LS1219",
    title: "Not a row function",
    kind: "user-error",
    docs: "The verb takes a function of the row, `d => …` or `({ fare }) => …`, written in place or declared where the compiler can read it.",
  },
  (what: string, span: SourceSpan) => ({
    message: `Expected a function of the row, got ${what}`,
    locations: [at(span, "write d => …")],
  }),
);
