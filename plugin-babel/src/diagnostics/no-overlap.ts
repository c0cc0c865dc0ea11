import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const noOverlap = defineDiagnostic(
  {
    code: "LS1203",
    title: "A comparison that is never true",
    kind: "user-error",
    docs: "`===` does not convert: a number never equals a string, whatever they print as. Convert one side. tsc reports the same mistake.",
    example: {
      wrong: 'await trips.filter((d) => d.zone === "12").writeParquet(out);',
      right: "await trips.filter((d) => d.zone === 12).writeParquet(out);",
    },
  },
  (operator: string, left: string, right: string, span: SourceSpan) => ({
    message: `'${operator}' compares types '${left}' and '${right}', which are never equal`,
    locations: [at(span, `${left} ${operator} ${right}`)],
    fix: { message: [left, right].some((type) => /\bDate\b/.test(type)) ? "compare milliseconds: d.at.getTime() === new Date(…).getTime()" : "convert one side with Number(…) or String(…)", edits: [] },
  }),
);
