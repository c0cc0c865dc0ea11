import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const rowLoop = defineDiagnostic(
  {
    code: "LS1308",
    title: "A loop over rows that cannot be parallelised",
    kind: "not-parallelisable",
    docs: "A loop that carries a variable from row to row needs the rows one after the other, so the ranks cannot share them. Most such loops are a rollup. If the table is small, gather it where everybody sees it: for (const row of t.objects()).",
    example: {
      wrong: `let longest = 0;
for (const row of trips) longest = row.fare - longest;
return longest;`,
      right: `let longest = 0;
for (const row of trips.objects()) longest = row.fare - longest;
return longest;`,
    },
  },
  (variable: string, loop: SourceSpan, write: SourceSpan) => ({
    message: `This loop over a distributed table carries '${variable}' from row to row, so it cannot be parallelised`,
    locations: [at(loop, "visits the rows in order"), at(write, `'${variable}' depends on the rows before`)],
    fix: { message: "use rollup, or gather the rows explicitly: for (const row of t.objects())", edits: [] },
  }),
);
