import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const comparedWithUndefined = defineDiagnostic(
  {
    code: "LS1218",
    title: "A column compared with undefined",
    kind: "user-error",
    severity: "warning",
    docs: "Tables hold null where the interface says optional or undefined, so a strict comparison of a column with undefined never holds. Compare with null, or with `== null`.",
    example: {
      wrong: "await trips.filter((d) => d.tip !== undefined).writeParquet(out);",
      right: "await trips.filter((d) => d.tip !== null).writeParquet(out);",
    },
  },
  (text: string, span: SourceSpan, operator: string, literal: SourceSpan) => ({
    message: `'${text}' is never undefined: tables hold null`,
    locations: [at(span, operator === "===" ? "always false" : "always true")],
    fix: { message: "write 'null'", edits: [{ ...literal, text: "null" }] },
  }),
);
