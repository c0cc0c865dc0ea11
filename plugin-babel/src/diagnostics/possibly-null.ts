import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const possiblyNull = defineDiagnostic(
  {
    code: "LS1202",
    title: "A value that may be null",
    kind: "user-error",
    docs: "The interface says this column may be null, and JavaScript would throw or compute with 0. Test it first (`d.x !== null && …`), give a default (`d.x ?? 0`), or write `?.` before a method. If it is never null, say so in the interface: the reader checks it.",
    example: {
      wrong: "await trips.derive({ total: (d) => d.fare + d.tip }).writeParquet(out);",
      right: "await trips.derive({ total: (d) => d.fare + (d.tip ?? 0) }).writeParquet(out);",
    },
  },
  (text: string, value: "null" | "undefined" | "null or undefined", span: SourceSpan, use: "operator" | "property" | "argument", insertOptional?: SourceSpan) => ({
    message: `'${text}' is possibly ${value}`,
    locations: [at(span, `may be ${value}`)],
    fix:
      use === "property" && insertOptional
        ? { message: "write '?.': the result is then undefined, stored as null", edits: [{ ...insertOptional, text: "?." }] }
        : { message: `give a default, '(${text} ?? …)', or test it before`, edits: [] },
  }),
);
