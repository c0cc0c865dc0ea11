/** The windows of derive, as the plan has them. */
import { aggregateFunctions, windowFunctions } from "../functions/index.ts";
import type { Data } from "../ir/data.ts";
import type { Instruction, RowArgument } from "../ir/ir.ts";
import { aggregateData, binsOf, expressionOf } from "./rules.ts";
import { planNumber } from "../ir/plan-expression.ts";
import { planType } from "../ir/types.ts";

/** Whether the answer depends on the order of the rows. */
export function seesOrder(r: RowArgument): boolean {
  if (r.window === "bin") return false;
  return r.aggregate === undefined || aggregateFunctions.get(r.aggregate)!.seesOrder || (r.frame !== undefined && r.frame !== "range");
}

/** A column of derive: `i.rows` has the parameters, bounds and range column of a window under its name. */
export function windowData(r: RowArgument, i: Instruction): Data {
  if (r.role === "column") return { kind: "row", expression: expressionOf(r) };
  if (r.window === "bin") return { kind: "bin", arg: expressionOf(r), bins: binsOf(r.binning!), offset: planNumber(r.binning!.offset ?? 0) };
  const of = (role: RowArgument["role"]) => i.rows.filter((p) => p.role === role && p.name === r.name);
  const [start, end] = of("bound").map(expressionOf);
  const [on] = of("on");
  const frame =
    r.frame === undefined ? {}
    : r.frame === "range" ? { frame: { kind: "range", on: measured(on!), preceding: start!, following: end! } }
    : { frame: { kind: "rows", start: start!, end: end!, peers: r.frame === "peers" } };
  if (r.aggregate !== undefined) return { kind: "aggregate", aggregate: aggregateData(r, i), ...frame };
  return {
    kind: "function",
    function: windowFunctions.get(r.window!)!.plan,
    ...(r.expression ? { arg: r.seen && r.expression.kind === "column" ? seen(r) : expressionOf(r) } : {}),
    parameters: of("parameter").map(expressionOf),
    ...frame,
  };
}

/** A column's values as JavaScript sees them. */
const seen = (r: RowArgument): Data => ({ kind: "let", name: "value", value: expressionOf(r), body: { kind: "local", name: "value", type: planType(r.expression!.type.js) } });

/** Distances between dates are in milliseconds. */
function measured(on: RowArgument): Data {
  const column = expressionOf(on);
  if (on.expression!.type.js !== "date") return column;
  // A method of null would throw; where there is no date there is no distance.
  return {
    kind: "if", type: "number", test: { kind: "call", function: "isNull", args: [column], type: "boolean" },
    then: { kind: "literal", type: "number", value: null }, else: { kind: "call", function: "date.getTime", args: [column], type: "number" },
  };
}
