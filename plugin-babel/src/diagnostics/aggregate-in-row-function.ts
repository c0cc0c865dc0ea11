import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

/** A derive before the verb that computes the call, and the expression in the call's place. */
export interface Split {
  readonly step: string;
  readonly before: SourceSpan;
  readonly reads: string;
}

export const aggregateInRowFunction = defineDiagnostic(
  {
    code: "LS1206",
    title: "An aggregate or window function inside a row function",
    kind: "user-error",
    docs: "A row function sees one row; an aggregate sees a group and a window function its neighbours. They stand as values: `rollup({ avg: op.mean(d => d.fare) })`, `derive({ prev: op.lag(d => d.ts) })`. Split the step: derive its column first, after groupby that of the group, and read the column in the row function.",
    example: {
      wrong: "await trips.derive({ share: (d) => d.fare / op.sum(d.fare) }).writeParquet(out);",
      right: 'await trips.derive({ sum: op.sum("fare") }).derive({ share: (d) => d.fare / d.sum }).writeParquet(out);',
    },
  },
  (name: string, kind: "aggregate" | "window" | "bin", argument: string | null, span: SourceSpan, split: Split | null) => {
    if (kind === "bin") {
      return {
        message: "bin is of the values of a table, or of a group: a row function sees one row only",
        locations: [at(span, "would see a single value")],
        fix: { message: 'compute it in a derive of its own, derive({ bin: bin("x") }), and read d.bin here; in bins that you know a value is sorted by op.bin(d.x, min, max, step)', edits: [] },
      };
    }
    const value = argument === null ? `op.${name}()` : `op.${name}(d => ${argument})`;
    const message = `compute it in a derive of its own, ${split?.step ?? `derive({ ${name}: ${value} })`}, and read ${split?.reads ?? `d.${name}`} here`;
    return {
      message: `op.${name} is ${kind === "aggregate" ? "an aggregate of a group" : "a window function over neighbouring rows"}: a row function sees one row only`,
      locations: [at(span, "would see a single value")],
      fix: { message, edits: split ? [{ ...split.before, text: `${split.step}.` }, { ...span, text: split.reads }] : [] },
    };
  },
);
