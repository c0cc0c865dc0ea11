import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const impureRowFunction = defineDiagnostic(
  {
    code: "LS1209",
    title: "A row function that depends on more than its row",
    kind: "not-parallelisable",
    docs: "A row function is evaluated on any rank, in any order, possibly more than once. Time, random numbers, logging, files and the environment would differ from run to run. Take such a value into a const before the verb.",
    example: {
      wrong: "await trips.filter((d) => d.at.getTime() > Date.now() - 3_600_000).writeParquet(out);",
      right: `const now = Date.now();
await trips.filter((d) => d.at.getTime() > now - 3_600_000).writeParquet(out);`,
    },
  },
  (what: string, span: SourceSpan, alternative: string) => ({
    message: `${what} may not stand in a row function`,
    locations: [at(span, "reaches beyond its row")],
    fix: { message: alternative, edits: [] },
  }),
);
