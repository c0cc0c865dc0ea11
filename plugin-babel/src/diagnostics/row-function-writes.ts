import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";
import type { TextEdit } from "./diagnostic.ts";

export const rowFunctionWrites = defineDiagnostic(
  {
    code: "LS1207",
    title: "A row function that changes something outside",
    kind: "not-parallelisable",
    docs: "Rows are computed in parallel, in no order, on several ranks: a row function may only return a value. Count and add up with rollup; new columns come from derive.",
    example: {
      wrong: `let total = 0;
await trips.derive({ fare: (d) => (total += d.fare) }).writeParquet(out);`,
      right: 'await trips.rollup({ total: op.sum("fare") }).writeParquet(out);',
    },
  },
  (target: string, span: SourceSpan, what: "variable" | "row" | "value" | "pattern", comparison: TextEdit | null = null) => ({
    message:
      what === "row"
        ? `A row function may not change its row ('${target}')`
        : what === "pattern"
          ? `'${target}' goes on where its last test ended (flag g or y), which a row function may not depend on`
          : `A row function may not change '${target}', which lives outside it`,
    locations: [at(span, "written here")],
    why: ["rows are computed in parallel on several ranks, so the order of writes would be undefined"],
    fix: comparison ? { message: "write '===' to compare", edits: [comparison] } : {
      message: what === "pattern" ? "leave out the flag, or write the expression inside the row function" : what === "row" ? "return the new value: derive({ column: d => … })" : "compute totals with rollup({ … op.sum(…) }) and new columns with derive",
      edits: [],
    },
  }),
);
