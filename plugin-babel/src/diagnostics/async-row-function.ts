import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

const fixes: Readonly<Partial<Record<string, string>>> = {
  async: "leave 'async' out; what it would wait for, read before the verb, or join it as a table",
  "function*": "return the one value: (d) => …",
  yield: "return the one value",
  this: "take the value into a const before the verb",
  super: "take the value into a const before the verb",
  arguments: "name the row: (d) => …",
  "new.target": "leave it out: no row function is called with new",
};

export const asyncRowFunction = defineDiagnostic(
  {
    code: "LS1210",
    title: "A row function that waits, yields or uses `this`",
    kind: "not-parallelisable",
    docs: "A row function returns its value at once and depends on its row and captured scalars only. Read what it needs before the verb, or as a table that is joined.",
    example: {
      wrong: "await trips.derive({ rate: async (d) => d.fare }).writeParquet(out);",
      right: "await trips.derive({ rate: (d) => d.fare }).writeParquet(out);",
    },
  },
  (what: "async" | "await" | "function*" | "yield" | "this" | "super" | "new.target" | "arguments", span: SourceSpan) => ({
    message: `'${what}' may not stand in a row function`,
    locations: [at(span, what === "this" ? "has no value here" : "not allowed here")],
    fix: {
      message: fixes[what] ?? "read the value before the verb, or join it as a table",
      edits: [],
    },
  }),
);
