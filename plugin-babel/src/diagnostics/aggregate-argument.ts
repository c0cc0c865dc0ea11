import { isList, isObject, type JsType, printType, type SourceSpan, type ValueType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

const numbers: Readonly<Partial<Record<JsType, (value: string) => string>>> = {
  string: (value) => `read it as a number, (d) => Number(${value}), or count with op.distinct or op.valid`,
  boolean: (value) => `count what is true: op.sum((d) => (${value} ? 1 : 0))`,
  date: (value) => `take its milliseconds, (d) => ${value}.getTime(), or the first and last with op.min and op.max`,
  bigint: (value) => `take numbers: (d) => Number(${value})`,
};

const ofArrays = (value: string): string => `unroll the column before, or take a value of it, such as (d) => ${value}.length`;

const ofObjects = (value: string): string => `take a member of it, such as (d) => ${value}.x`;

const member = (column: string): string => (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(column) ? `d.${column}` : `d[${JSON.stringify(column)}]`);

export const aggregateArgument = defineDiagnostic(
  {
    code: "LS1113",
    title: "An aggregate of a type it does not take",
    kind: "user-error",
    docs: "sum, product, mean, variance, stdev, variancep, stdevp, median, quantile, covariance, covariancep, corr and bins take numbers; sum takes bigints too. Derive a number first. Arrays and objects are counted (valid, invalid), picked (any, first, last) or collected (array_agg).",
    example: {
      wrong: 'await trips.groupby("zone").rollup({ city: op.mean("city") }).writeParquet(out);',
      right: 'await trips.groupby("zone").rollup({ letters: op.mean((d) => d.city.length) }).writeParquet(out);',
    },
  },
  /** `column`: the one that the argument is; null where it is computed. */
  (name: string, type: ValueType, accepted: readonly string[], column: string | null, span: SourceSpan) => ({
    message: `op.${name} takes ${accepted.join(" or ")}, not ${printType(type)}`,
    locations: [at(span, printType(type))],
    fix: { message: (isList(type.js) ? ofArrays : isObject(type.js) ? ofObjects : numbers[type.js])?.(column === null ? "…" : member(column)) ?? "take a column of numbers", edits: [] },
  }),
);
