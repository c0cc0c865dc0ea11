import type { SourceSpan, } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const notAsync = defineDiagnostic(
  {
    code: "LS1004",
    title: "An annotated function that is not async",
    kind: "user-error",
    docs: "The ranks talk to each other while an annotated function runs, so its caller waits for a promise. Declare it `async`.",
    example: {
      wrong: `export function count(trips: Table<Trip>) {
  "use spmd";
  return trips.numRows();
}`,
      right: `export async function count(trips: Table<Trip>) {
  "use spmd";
  return trips.numRows();
}`,
    },
  },
  (name: string, span: SourceSpan) => ({
    message: `'${name}' is annotated, so it must be async`,
    locations: [at(span, "not async")],
    fix: { message: "write async before it", edits: [{ ...span, endLine: span.line, endColumn: span.column, text: "async " }] },
  }),
);
