import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const recursiveHelper = defineDiagnostic(
  {
    code: "LS1306",
    title: "A recursive helper with tables",
    kind: "not-supported",
    docs: "A helper that takes or returns tables is compiled once for each call, with the columns it gets there. A recursive one would have no end: write the recursion as a loop.",
    example: {
      wrong: `function over(t: Table<Trip>, n: number): Table<Trip> {
  return n === 0 ? t : over(t.filter((d) => d.fare > n), n - 1);
}
export async function count(trips: Table<Trip>) {
  "use spmd";
  return over(trips, 3).numRows();
}`,
      right: `export async function count(trips: Table<Trip>) {
  "use spmd";
  let t = trips;
  for (let n = 3; n > 0; n--) {
    const least = n;
    t = t.filter((d) => d.fare > least);
  }
  return t.numRows();
}`,
    },
  },
  (name: string, span: SourceSpan) => ({
    message: `'${name}' takes or returns tables and calls itself`,
    locations: [at(span, "calls itself")],
    fix: { message: "write it as a loop", edits: [] },
  }),
);
