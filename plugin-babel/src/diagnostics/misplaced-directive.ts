import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const misplacedDirective = defineDiagnostic(
  {
    code: "LS1002",
    title: "A misplaced directive",
    kind: "user-error",
    docs: 'A directive stands first in the body of a function declaration, a function expression, an arrow with a block body, a static or object method without `this`; or first in a file, for all its exported functions. Anywhere else it does nothing.',
    example: {
      wrong: `export async function count(path: string) {
  const trips = await readParquet<Trip>(path);
  "use spmd";
  return trips.numRows();
}`,
      right: `export async function count(path: string) {
  "use spmd";
  const trips = await readParquet<Trip>(path);
  return trips.numRows();
}`,
    },
  },
  (span: SourceSpan, where: string) => ({
    message: `"use spmd" ${where}`,
    locations: [at(span, "has no effect here")],
    fix: { message: "make it the first statement of a function's body, or of the file", edits: [] },
  }),
);
