/** Functions of a row's neighbours, written as values: `derive({ previous: op.lag("ts"), place: op.rank() })`. */
import { eitherType, type JsType, type ValueType } from "../ir/types.ts";

export interface WindowParameter {
  readonly name: string;
  /** "number"; "value": what can stand in for the argument's values. */
  readonly takes: "number" | "value";
  readonly optional: boolean;
  /** Of a number: which ones it takes, in words and as a test. What is computed the engine tests. */
  readonly numbers?: { readonly words: string; readonly test: (n: number) => boolean };
}

export interface WindowFunction {
  /** As written: `op.<name>`. */
  readonly name: string;
  /** The plan's name for it. */
  readonly plan: string;
  /** Whether it is of a column or a row function; the others number rows. */
  readonly argument: boolean;
  readonly parameters: readonly WindowParameter[];
  /** Whether `rolling` takes it: it looks at a frame. */
  readonly framed: boolean;
  /** The result column's type; `otherwise` is the type of the default value, null if none is given. */
  result(argument: ValueType | null, otherwise: ValueType | null): ValueType;
  readonly docs: string;
}

const number: ValueType = { js: "number", nullable: false };
const numbered = (): ValueType => number;
const itself = (argument: ValueType | null): ValueType => argument ?? number;
const orNull = (argument: ValueType | null): ValueType => ({ ...itself(argument), nullable: true });
/** A row outside the group has the default value. */
const shifted: WindowFunction["result"] = (argument, otherwise) => (otherwise === null ? orNull(argument) : eitherType(itself(argument), otherwise));
/** Only a group's rows before its first value have none. */
const filled: WindowFunction["result"] = (argument, otherwise) => ({ ...(otherwise ?? orNull(argument)), js: itself(argument).js });

const ordinal = (name: string, plan: string, docs: string, parameters: readonly WindowParameter[] = []): WindowFunction => ({
  name, plan, docs, parameters, argument: false, framed: false, result: numbered,
});
const valued = (name: string, plan: string, result: WindowFunction["result"], docs: string, parameters: readonly WindowParameter[] = [], framed = false): WindowFunction => ({
  name, plan, docs, parameters, argument: true, framed, result,
});

const rows = { words: "a whole number above 0", test: (n: number) => Number.isInteger(n) && n > 0 };
const offset: WindowParameter = { name: "offset", takes: "number", optional: true, numbers: rows };
const otherwise: WindowParameter = { name: "defaultValue", takes: "value", optional: true };

export const windows: readonly WindowFunction[] = [
  ordinal("row_number", "rowNumber", "1, 2, 3, …"),
  ordinal("rank", "rank", "1 + the rows before the first peer"),
  ordinal("avg_rank", "avgRank", "the mean of the peers' row numbers"),
  ordinal("dense_rank", "denseRank", "1 + the different rows before"),
  ordinal("percent_rank", "percentRank", "(rank - 1) / (rows - 1)"),
  ordinal("cume_dist", "cumeDist", "rows up to the last peer / rows; a group's first row counts itself alone"),
  ordinal("ntile", "ntile", "buckets x cume_dist, rounded up", [{ name: "buckets", takes: "number", optional: false, numbers: { words: "a number above 0", test: (n) => n > 0 && n < Infinity } }]),
  valued("lag", "lag", shifted, "the value some rows before, 1 by default", [offset, otherwise]),
  valued("lead", "lead", shifted, "the value some rows after, 1 by default", [offset, otherwise]),
  valued("first_value", "firstValue", itself, "the value of the frame's first row", [], true),
  valued("last_value", "lastValue", itself, "the value of the frame's last row", [], true),
  valued("nth_value", "nthValue", orNull, "the value of the frame's n-th row; null where it is shorter", [{ name: "n", takes: "number", optional: false, numbers: rows }], true),
  valued("fill_down", "fillDown", filled, "the value, or the nearest one before it that is neither null nor NaN", [otherwise]),
  valued("fill_up", "fillUp", filled, "the value, or the nearest one after it that is neither null nor NaN", [otherwise]),
];

/** Types whose values a frame `on` a column can measure distances between. */
export const measurable: readonly JsType[] = ["number", "date"];
