import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const varyingCondition = defineDiagnostic(
  {
    code: "LS1304",
    title: "Ranks would disagree",
    kind: "not-parallelisable",
    docs: "All ranks take the same path to every table operation, every collective, and every value that rank 0 sends to the others (the time, a file, the environment), because they meet there. A condition that depends on rank(), or on a batch's rows, directly or through variables and helpers, may differ between them, so it may guard scalar code only.",
    example: {
      wrong: "if (rank() === 0) await trips.writeParquet(out);",
      right: "await trips.writeParquet(out);",
    },
  },
  (condition: SourceSpan, source: string, what: string, guarded: SourceSpan) => ({
    message: `Ranks may disagree about '${source}', which guards ${what}`,
    locations: [at(condition, "differs between ranks"), at(guarded, "all ranks must reach this alike")],
    why: ["the condition depends on rank(), or on the rows of a batch that this rank has", `${what.replace(/, .*/, "")} at line ${guarded.line} is reached only on some of its paths`],
    fix: { message: "decide with a value that all ranks have, or move what it guards out of the condition", edits: [] },
  }),
);
