import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const effect = defineDiagnostic(
  {
    code: "LS1309",
    title: "An effect that ranks would do each for themselves",
    kind: "not-parallelisable",
    docs: "Every rank runs the same statements. What is asked of the process, the machine, the clock, random numbers and files is evaluated on rank 0 and sent to the others, where it stands in the annotated function itself; in callbacks and helpers it cannot be. Other effects (writing files, processes, the network) would happen once a rank. A launcher's rank variable is an error, too: rank() says it.",
    example: {
      wrong: `import { writeFileSync } from "node:fs";
export async function count(trips: Table<Trip>) {
  "use spmd";
  writeFileSync("log", "counting");
  return trips.numRows();
}`,
      right: `import { writeFileSync } from "node:fs";
async function count(trips: Table<Trip>) {
  "use spmd";
  return trips.numRows();
}
export async function main(trips: Table<Trip>) {
  writeFileSync("log", "counting");
  return count(trips);
}`,
    },
  },
  (what: string, why: string, fix: string, span: SourceSpan) => ({
    message: `${what} ${why}`,
    locations: [at(span, "every rank would do this")],
    fix: { message: fix, edits: [] },
  }),
);
