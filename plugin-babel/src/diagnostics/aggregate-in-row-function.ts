import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const aggregateInRowFunction = defineDiagnostic(
  {
    code: "LS1206",
    title: "An aggregate or window function inside a row function",
    kind: "user-error",
    docs: "A row function sees one row; an aggregate sees a group and a window function its neighbours. Aggregates stand as values: `rollup({ avg: op.mean(d => d.fare) })`. Split the step: compute the aggregate first, then use it in the row function. Window functions (op.lag, op.row_number, …) are not supported yet.",
    example: {
      wrong: "await trips.derive({ share: (d) => d.fare / op.sum(d.fare) }).writeParquet(out);",
      right: `const total = trips.rollup({ fare: op.sum("fare") }).get("fare") ?? 0;
await trips.derive({ share: (d) => d.fare / total }).writeParquet(out);`,
    },
  },
  (name: string, kind: "aggregate" | "window", argument: string | null, span: SourceSpan) => {
    const value = argument === null ? `op.${name}()` : `op.${name}(d => ${argument})`;
    const message =
      kind === "aggregate"
        ? `compute it in a step of its own, rollup({ ${name}: ${value} }), join it if need be, and read d.${name} here`
        : "window functions are not supported yet: gather the rows, t.objects(), and compute it there";
    return {
      message: `op.${name} is ${kind === "aggregate" ? "an aggregate of a group" : "a window function over neighbouring rows"}: a row function sees one row only`,
      locations: [at(span, "would see a single value")],
      fix: { message, edits: [] },
    };
  },
);
