import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const shadowedCapture = defineDiagnostic(
  {
    code: "LS1221",
    title: "A helper's variable that is shadowed where its row function stands",
    kind: "not-supported",
    docs: "A row function takes along what it and its helpers capture when the verb is called. A variable that a helper captures cannot be named there if an inner one has its name: give one of the two another name.",
    example: {
      wrong: `let least = 10;
const isLong = (fare: number): boolean => fare > least;
for (const least of [20, 30]) console.log(trips.filter((d) => isLong(d.fare) && d.fare < least).numRows());
least = 5;`,
      right: `let least = 10;
const isLong = (fare: number): boolean => fare > least;
for (const most of [20, 30]) console.log(trips.filter((d) => isLong(d.fare) && d.fare < most).numRows());
least = 5;`,
    },
  },
  (name: string, use: SourceSpan, declared: SourceSpan) => ({
    message: `'${name}', which a helper captures, is shadowed where the row function stands by another variable of its name`,
    locations: [at(use, "captured by a helper"), at(declared, "declared here")],
    fix: { message: "give one of the two another name", edits: [] },
  }),
);
