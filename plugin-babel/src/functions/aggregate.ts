/** Functions of a group's rows, written as values: `rollup({ trips: op.count(), miles: op.mean("trip_miles") })`. */
import { elementOf, isList, type JsType, type ScalarType, unsureType, type ValueType } from "../ir/types.ts";

export interface AggregateFunction {
  /** As written: `op.<name>`. */
  readonly name: string;
  /** The plan's name for it. */
  readonly plan: string;
  /** The argument's types; null: takes none. */
  readonly argument: readonly JsType[] | null;
  /** A second argument: which of the sorted values, from 0 to 1, or the values that the argument's are paired with. */
  readonly takes?: "fraction" | "pair";
  /** The answer depends on the order of the rows. */
  readonly seesOrder: boolean;
  /**
   * The result column's type. `neverEmpty`: every group has a row (grouped rollup), so that null comes only of null arguments, or of NaN.
   */
  result(argument: ValueType | null, neverEmpty: boolean): ValueType;
  readonly docs: string;
}

const every: readonly ScalarType[] = ["number", "string", "boolean", "bigint", "date"];
/** Those that compare no values. */
const everyAndLists: readonly JsType[] = [...every, ...every.map((js) => `${js}[]` as const)];
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
/** Neither null nor NaN is in it. Of lists, which it does not take, as if of their elements. */
const listOf = (argument: ValueType | null): ValueType => {
  const js = argument?.js ?? "number";
  return { js: `${isList(js) ? elementOf(js) : js}[]`, nullable: false };
};
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
  aggregate("valid", everyAndLists, counted, "values that are neither null nor NaN"),
  aggregate("invalid", everyAndLists, counted, "values that are null or NaN"),
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
  { ...aggregate("any", everyAndLists, asArgument, "the first value in table order that is neither null nor NaN"), seesOrder: true },
  { ...aggregate("mode", every, asArgument, "the value that comes most often; of several the first in table order"), seesOrder: true },
  { ...aggregate("first", everyAndLists, ofRow, "the value of the first row in table order, null or not"), seesOrder: true },
  { ...aggregate("last", everyAndLists, ofRow, "the value of the last row in table order, null or not"), seesOrder: true },
  { ...aggregate("array_agg", every, listOf, "the values in table order, as a list", "arrayAgg"), seesOrder: true },
  { ...aggregate("array_agg_distinct", every, listOf, "the distinct values in the order in which they first appear, as a list", "arrayAggDistinct"), seesOrder: true },
];

/** Aggregates of Arquero that rollup does not have yet. */
export const otherAggregateNames: ReadonlySet<string> = new Set(
  "object_agg map_agg entries_agg missing bins".split(" "),
);
