import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const notAColumnValue = defineDiagnostic(
  {
    code: "LS1213",
    title: "A row function without a column's value",
    kind: "user-error",
    docs: "A row function returns a number, string, boolean, bigint or Date, an array of values of one type, an object of such values, or null. Maps, Sets and class instances are no values of columns; a block body needs `return`.",
    example: {
      wrong: "await trips.derive({ fare: (d) => { d.fare * 2; } }).writeParquet(out);",
      right: "await trips.derive({ fare: (d) => d.fare * 2 }).writeParquet(out);",
    },
  },
  (what: string, span: SourceSpan, fix: string) => ({
    message: `This row function gives ${what}; a column holds numbers, strings, booleans, bigints or Dates, or arrays or objects of these`,
    locations: [at(span, what)],
    fix: { message: fix, edits: [] },
  }),
);
