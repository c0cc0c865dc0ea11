import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const notAnnotatable = defineDiagnostic(
  {
    code: "LS1003",
    title: "A function that cannot be annotated",
    kind: "user-error",
    docs: "An annotated function runs on every rank, away from the object it was written in: generators, getters, setters, constructors, instance methods and functions that use `this` cannot.",
    example: {
      wrong: `export class Report {
  path = "trips";
  async count() {
    "use spmd";
    return (await readParquet<Trip>(this.path)).numRows();
  }
}`,
      right: `async function count(path: string) {
  "use spmd";
  return (await readParquet<Trip>(path)).numRows();
}
export class Report {
  path = "trips";
  count() {
    return count(this.path);
  }
}`,
    },
  },
  (span: SourceSpan, what: string) => ({
    message: `"use spmd" cannot stand in ${what}`,
    locations: [at(span, what)],
    fix: { message: "move the code into a function of its own and call it from here", edits: [] },
  }),
);
