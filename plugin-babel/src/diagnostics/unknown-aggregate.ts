import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

/** What SQL and other libraries call them. */
const elsewhere: Readonly<Record<string, string>> = {
  avg: "mean", std: "stdev", stddev: "stdev", stddev_samp: "stdev", stddev_pop: "stdevp", var: "variance", var_samp: "variance", var_pop: "variancep",
  nunique: "distinct", n_unique: "distinct", countDistinct: "distinct", count_distinct: "distinct", size: "count", len: "count", first: "any", any_value: "any",
  percentile: "quantile", percentile_cont: "quantile", maximum: "max", minimum: "min", total: "sum", notnull: "valid", shift: "lag", last: "last_value",
};

export const unknownAggregate = defineDiagnostic(
  {
    code: "LS1112",
    title: "No such aggregate",
    kind: "user-error",
    docs: "rollup takes aggregates as values: op.count(), op.sum(column or function), op.mean, op.min, op.max, op.distinct, op.valid, op.invalid, op.variance, op.stdev, op.variancep, op.stdevp, op.median, op.quantile(column or function, fraction), op.any.",
    example: {
      wrong: 'await trips.groupby("zone").rollup({ fare: op.maen("fare") }).writeParquet(out);',
      right: 'await trips.groupby("zone").rollup({ fare: op.mean("fare") }).writeParquet(out);',
    },
  },
  (name: string, span: SourceSpan, known: readonly string[], kind = "aggregate that rollup knows", fix: string | null = null) => {
    const other = fix !== null ? null : Object.hasOwn(elsewhere, name) ? name : closest(name, [...known, ...Object.keys(elsewhere)]);
    const near = other === null ? null : (known.find((k) => k === (elsewhere[other] ?? other)) ?? closest(name, known));
    return {
      message: `op.${name} is no ${kind}${near === null ? "" : `; did you mean op.${near}?`}`,
      locations: [at(span, "not an aggregate")],
      why: [`there are ${known.map((k) => `op.${k}`).join(", ")}`],
      fix: near === null ? { message: fix ?? "compute it of those there are, or of the rows: objects()", edits: [] } : { message: `write op.${near}`, edits: [{ ...span, text: near }] },
    };
  },
);
