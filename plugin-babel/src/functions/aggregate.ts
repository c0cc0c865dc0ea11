/** Functions of a group's rows, written as values: `rollup({ trips: op.count(), miles: op.mean("trip_miles") })`. */
import { isList, type JsType, listOf, type ScalarType, unsureType, type ValueType } from "../ir/types.ts";

export interface AggregateFunction {
  /** As written: `op.<name>`. */
  readonly name: string;
  /** The plan's name for it. */
  readonly plan: string;
  /** The argument's types; null: takes none. */
  readonly argument: readonly JsType[] | null;
  /** It compares no values: arguments of nested types are taken, too. */
  readonly nested?: true;
  /** Further arguments: which of the sorted values, from 0 to 1, the values that the argument's are paired with, or how values are binned. */
  readonly takes?: "fraction" | "pair" | "binning";
  /** The answer depends on the order of the rows. */
  readonly seesOrder: boolean;
  /**
   * The result column's type. `neverEmpty`: every group has a row (grouped rollup), so that null comes only of null arguments, or of NaN.
   */
  result(argument: ValueType | null, neverEmpty: boolean): ValueType;
  readonly docs: string;
}

const every: readonly ScalarType[] = ["number", "string", "boolean", "bigint", "date"];
const counted = (): ValueType => ({ js: "number", nullable: false });
const ofNothing = (argument: ValueType | null, neverEmpty: boolean) => !neverEmpty || (argument?.nullable ?? false);
/** Nothing is left of a group of NaN. */
function ofValues(js: JsType, argument: ValueType | null, neverEmpty: boolean): ValueType {
  const type = { js, nullable: ofNothing(argument, neverEmpty), ...(isList(js) && argument?.holes && { holes: true as const }) };
  return argument?.js === "number" || argument?.unsure ? unsureType(type) : type;
}
const asNumber = (argument: ValueType | null, neverEmpty: boolean): ValueType => ofValues("number", argument, neverEmpty);
/** A single value has no spread. */
const spread = (): ValueType => ({ js: "number", nullable: true });
/** A row's value, whatever it is. */
const ofRow = (argument: ValueType | null, neverEmpty: boolean): ValueType => {
  const type = { js: argument?.js ?? ("number" as const), nullable: ofNothing(argument, neverEmpty), ...(argument?.holes && { holes: true as const }) };
  return argument?.unsure ? unsureType(type) : type;
};
/** Neither null nor NaN is in it. */
const arrayOf = (argument: ValueType | null): ValueType => listOf({ ...(argument ?? { js: "number" }), nullable: false });
const asArgument = (argument: ValueType | null, neverEmpty: boolean): ValueType => ofValues(argument?.js ?? "number", argument, neverEmpty);

const aggregate = (name: string, argument: readonly JsType[] | null, result: AggregateFunction["result"], docs: string, plan = name): AggregateFunction => ({
  name,
  plan,
  argument,
  seesOrder: false,
  result,
  docs,
});

export const aggregates: readonly AggregateFunction[] = [
  aggregate("count", null, counted, "rows of the group"),
  { ...aggregate("valid", every, counted, "values that are neither null nor NaN"), nested: true },
  { ...aggregate("invalid", every, counted, "values that are null or NaN"), nested: true },
  aggregate("distinct", every, counted, "distinct values; null and NaN together count as one"),
  aggregate("sum", ["number", "bigint"], asArgument, "sum; null of nothing"),
  aggregate("mean", ["number"], asNumber, "arithmetic mean; null of nothing"),
  aggregate("average", ["number"], asNumber, "the same as mean", "mean"),
  aggregate("min", every, asArgument, "smallest value"),
  aggregate("max", every, asArgument, "largest value"),
  aggregate("variance", ["number"], spread, "sample variance, divided by n - 1"),
  aggregate("stdev", ["number"], spread, "sample standard deviation"),
  aggregate("variancep", ["number"], spread, "population variance, divided by n"),
  aggregate("stdevp", ["number"], spread, "population standard deviation"),
  aggregate("median", ["number"], asNumber, "median, interpolated between the two middle values"),
  { ...aggregate("quantile", ["number"], asNumber, "the value at a fraction of the sorted values, interpolated: 0 is the smallest, 1 the largest"), takes: "fraction" },
  aggregate("product", ["number"], asNumber, "product; null of nothing"),
  { ...aggregate("covariance", ["number"], spread, 'sample covariance of two columns, op.covariance("x", "y"), of the rows that have both values'), takes: "pair" },
  { ...aggregate("covariancep", ["number"], spread, "population covariance of two columns"), takes: "pair" },
  { ...aggregate("corr", ["number"], spread, "Pearson's correlation of two columns"), takes: "pair" },
  { ...aggregate("bins", ["number"], () => ({ js: "number[]", nullable: false }), 'the least and the greatest boundary of bins for the values, and their width, op.bins("x", maxbins, nice, minstep, step): [min, max, step]'), takes: "binning" },
  { ...aggregate("any", every, asArgument, "the first value in table order that is neither null nor NaN"), seesOrder: true, nested: true },
  { ...aggregate("mode", every, asArgument, "the value that comes most often; of several the first in table order"), seesOrder: true },
  { ...aggregate("first", every, ofRow, "the value of the first row in table order, null or not"), seesOrder: true, nested: true },
  { ...aggregate("last", every, ofRow, "the value of the last row in table order, null or not"), seesOrder: true, nested: true },
  { ...aggregate("array_agg", every, arrayOf, "the values in table order, as a list", "arrayAgg"), seesOrder: true, nested: true },
  { ...aggregate("array_agg_distinct", every, arrayOf, "the distinct values in the order in which they first appear, as a list", "arrayAggDistinct"), seesOrder: true },
];
