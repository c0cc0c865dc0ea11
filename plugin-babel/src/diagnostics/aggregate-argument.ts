import { type JsType, printType, type SourceSpan, type ValueType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

const numbers: Readonly<Partial<Record<JsType, string>>> = {
  string: "read it as a number, (d) => Number(d.x), or count with op.distinct or op.valid",
  boolean: "count what is true: op.sum((d) => (d.x ? 1 : 0))",
  date: "take its milliseconds, (d) => d.x.getTime(), or the first and last with op.min and op.max",
  bigint: "take numbers: (d) => Number(d.x)",
};

export const aggregateArgument = defineDiagnostic(
  {
    code: "LS1113",
    title: "An aggregate of a type it does not take",
    kind: "user-error",
    docs: "sum, mean, variance, stdev, variancep, stdevp, median and quantile take numbers; sum takes bigints too. Derive a number first.",
    example: {
      wrong: 'await trips.groupby("zone").rollup({ city: op.mean("city") }).writeParquet(out);',
      right: 'await trips.groupby("zone").rollup({ letters: op.mean((d) => d.city.length) }).writeParquet(out);',
    },
  },
  (name: string, type: ValueType, accepted: readonly string[], span: SourceSpan) => ({
    message: `op.${name} takes ${accepted.join(" or ")}, not ${printType(type)}`,
    locations: [at(span, printType(type))],
    fix: { message: numbers[type.js] ?? "take a column of numbers", edits: [] },
  }),
);
