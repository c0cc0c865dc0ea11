import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const needsAnnotation = defineDiagnostic(
  {
    code: "LS1214",
    title: "A value of unknown type",
    kind: "not-supported",
    docs: "The compiler reads types from the source alone and could not find this one. Annotate the return type of the row function, `(d): number => …`, or the variable it reads.",
    example: {
      wrong: "await trips.derive({ first: (d) => JSON.parse(d.city) }).writeParquet(out);",
      right: "await trips.derive({ first: (d): string => JSON.parse(d.city) }).writeParquet(out);",
    },
  },
  (what: string, span: SourceSpan, reason: string, fix: string) => ({
    message: `The type of ${what} is not known to the compiler`,
    locations: [at(span, "of unknown type")],
    why: [reason],
    fix: { message: fix, edits: [] },
  }),
);
