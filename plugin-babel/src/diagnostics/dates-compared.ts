import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const datesCompared = defineDiagnostic(
  {
    code: "LS1215",
    title: "Dates compared by identity",
    kind: "user-error",
    docs: "`===` and includes compare Date objects by identity: two of the same time are never equal. Compare their time values.",
    example: {
      wrong: `const day = new Date(0);
await trips.filter((d) => d.at === day).writeParquet(out);`,
      right: `const day = new Date(0);
await trips.filter((d) => d.at.getTime() === day.getTime()).writeParquet(out);`,
    },
  },
  (operator: string, span: SourceSpan, ends: readonly SourceSpan[]) => ({
    message: `'${operator}' compares Dates by identity, which is never equal`,
    locations: [at(span, "two different objects")],
    fix: { message: "compare getTime()", edits: ends.map((end) => ({ ...end, text: ".getTime()" })) },
  }),
);
