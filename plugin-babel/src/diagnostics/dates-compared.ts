import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const datesCompared = defineDiagnostic(
  {
    code: "LS1215",
    title: "Dates compared by identity",
    kind: "user-error",
    docs: "`===` and includes compare Date objects by identity: two of the same time are never equal. Compare their time values.",
  },
  (operator: string, span: SourceSpan, ends: readonly SourceSpan[]) => ({
    message: `'${operator}' compares Dates by identity, which is never equal`,
    locations: [at(span, "two different objects")],
    fix: { message: "compare getTime()", edits: ends.map((end) => ({ ...end, text: ".getTime()" })) },
  }),
);
