import { printType, type SourceSpan, type ValueType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

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
  }),
);
