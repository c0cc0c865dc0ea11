import type { Scalar } from "../ir/ir.ts";
import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const varyingCondition = defineDiagnostic(
  {
    code: "LS1304",
    title: "Ranks would disagree",
    kind: "not-parallelisable",
    docs: "All ranks take the same path to every table operation, every collective, and every value that rank 0 sends to the others (the time, a file, the environment), because they meet there. A condition that depends on rank(), or on a batch's rows, directly or through variables and helpers, may differ between them, so it may guard scalar code only. So may a `try` that catches what some ranks throw and others not.",
    example: {
      wrong: "if (rank() === 0) await trips.writeParquet(out);",
      right: "await trips.writeParquet(out);",
    },
  },
  ({ span, source, throws }: Scalar, what: string, guarded: SourceSpan) => ({
    message: throws ? `Some ranks may catch an error of '${source}' and others not, which decides who reaches ${what}` : `Ranks may disagree about '${source}', which guards ${what}`,
    locations: [at(span, throws ? "may throw on some ranks only" : "differs between ranks"), at(guarded, "all ranks must reach this alike")],
    why: [
      throws ? "what it is given, or whether it is called, depends on rank(), or on the rows of a batch that this rank has" : "the condition depends on rank(), or on the rows of a batch that this rank has",
      `${what.replace(/, .*/, "")} at line ${guarded.line} is reached only on some of its paths`,
    ],
    fix: { message: throws ? "catch its error around it alone, or throw again what was caught: an error that leaves the function ends the call on all ranks" : "decide with a value that all ranks have, or move what it guards out of the condition", edits: [] },
  }),
);
