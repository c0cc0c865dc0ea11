import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const recursiveHelper = defineDiagnostic(
  {
    code: "LS1306",
    title: "A recursive helper with tables",
    kind: "not-supported",
    docs: "A helper that takes or returns tables is compiled once for each call, with the columns it gets there. A recursive one would have no end: write the recursion as a loop.",
  },
  (name: string, span: SourceSpan) => ({
    message: `'${name}' takes or returns tables and calls itself`,
    locations: [at(span, "calls itself")],
    fix: { message: "write it as a loop", edits: [] },
  }),
);
