/** Windows of derive: `op.lag("ts", 2)`, `op.sum("v")`, `rolling(op.mean((d) => d.v), [-3, 3])`. */
import { arrowFunctionExpression, binaryExpression, type Expression, numericLiteral } from "@babel/types";
import type * as t from "@babel/types";
import { unknownAggregate } from "../../../diagnostics/unknown-aggregate.ts";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { otherAggregates } from "../../../functions/arquero.ts";
import { aggregateFunctions, windowFunctions } from "../../../functions/index.ts";
import type { FrameKind } from "../../../ir/ir.ts";
import { constantOf, keyName } from "../../../source/constants.ts";
import { bare, spanOf, textOf } from "../../../source/module.ts";
import { runtimeName } from "../../../source/names.ts";
import { readBinning } from "./bins.ts";
import { type ArgumentContext, type Arguments, lastName, membersOf, readFraction, readPair, type Role, rowArgument, takePair } from "./arguments.ts";
import { columnName } from "./columns.ts";

/** False: it is no window, but a row function or a mistake. */
export function readWindow(name: string, node: t.Node, out: Arguments, context: ArgumentContext): boolean {
  const e = bare(node);
  const callee = e.type === "CallExpression" ? runtimeName(e.callee, context.place) : null;
  if (e.type !== "CallExpression" || callee === null) return false;
  if (callee === "rolling") return readRolling(name, e, out, context);
  if (!callee.startsWith("op.")) return false;
  readCall(name, e, callee.slice("op.".length), undefined, out, context);
  return true;
}

function readCall(name: string, call: t.CallExpression, fn: string, frame: FrameKind | undefined, out: Arguments, context: ArgumentContext): void {
  const { module } = context.place;
  const [aggregate, window] = [aggregateFunctions.get(fn), windowFunctions.get(fn)];
  if (!aggregate && !window) return context.report(unknownAggregate(fn, spanOf(lastName(call.callee), module), [...aggregateFunctions.keys(), ...windowFunctions.keys()], "aggregate or window function", otherAggregates.get(fn) ?? null));
  const takesValue = aggregate ? aggregate.argument !== null : window!.argument;
  const value = takesValue ? call.arguments[0] : undefined;
  const rest: t.Node[] = takesValue ? call.arguments.slice(1) : [...call.arguments];
  const parameters = window?.parameters ?? [];
  const otherwise = parameters.findIndex((p) => p.takes === "value");
  const role: Role = {
    role: "window", name, input: 0,
    ...(aggregate ? { aggregate: fn, ...readFraction(aggregate, call, rest, context), ...(aggregate.takes === "binning" && { binning: readBinning(rest, context) }) } : { window: fn }),
    ...(frame === undefined ? {} : { frame }),
    ...(otherwise >= 0 && rest.length > otherwise ? { seen: true as const } : {}),
  };
  const paired = aggregate && takePair(aggregate, rest);
  if (!takesValue) out.rows.push({ ...role, span: spanOf(call, module), source: "", expression: null });
  else if (value) rowArgument(value, role, out, context);
  else return context.report(verbArgument(`op.${fn}`, "a column name or a row function", spanOf(call, module), `write op.${fn}("x")`));
  if (aggregate) readPair(aggregate, name, call, paired, out, context);
  for (const parameter of parameters.slice(rest.length)) {
    if (!parameter.optional) context.report(verbArgument(`op.${fn}`, parameter.name, spanOf(call, module), `give it ${parameter.numbers?.words ?? parameter.name}`));
  }
  for (const extra of rest.slice(parameters.length)) context.report(verbArgument(`op.${fn}`, "no further argument", spanOf(extra, module), "leave it out"));
  for (const node of rest.slice(0, parameters.length)) scalar(node, node, { role: "parameter", name, input: 0 }, out, context);
}

function readRolling(name: string, call: t.CallExpression, out: Arguments, context: ArgumentContext): true {
  const { module } = context.place;
  const [of, given, peers] = call.arguments;
  const inner = of && bare(of);
  const fn = inner?.type === "CallExpression" ? runtimeName(inner.callee, context.place) : null;
  const isFramed = fn?.startsWith("op.") && (aggregateFunctions.has(fn.slice(3)) || windowFunctions.get(fn.slice(3))?.framed);
  if (inner?.type !== "CallExpression" || !fn || !isFramed) {
    context.report(verbArgument("rolling", "an aggregate, op.first_value, op.last_value or op.nth_value", spanOf(of ?? call, module), 'write one: rolling(op.mean("x"), [-2, 0])'));
    return true;
  }
  const frame = given && bare(given);
  const isNull = frame === undefined || frame.type === "NullLiteral" || (frame.type === "Identifier" && frame.name === "undefined");
  const includesPeers = peers ? constantOf(peers, context.place)?.value : false;
  if (peers && typeof includesPeers !== "boolean") context.report(verbArgument("rolling", "true or false", spanOf(peers, module), "write true where the frame holds all peers of its ends"));
  const kind = frame?.type === "ObjectExpression" ? "range" : includesPeers === true ? "peers" : "rows";
  readCall(name, inner, fn.slice(3), kind, out, context);
  if (frame?.type === "ObjectExpression") readRange(name, frame, fn, out, context);
  else if (frame?.type === "ArrayExpression" && frame.elements.length === 2) {
    for (const bound of frame.elements) if (bound) scalar(bound, bound, { role: "bound", name, input: 0 }, out, context);
  } else if (isNull) {
    for (const bound of [-Infinity, 0]) out.rows.push({ role: "bound", name, input: 0, span: spanOf(call, module), source: String(bound), expression: number(bound, call, context) });
  } else context.report(verbArgument("rolling", "[start, end], or { preceding, following, on }", spanOf(frame!, module), "write the frame where it stands: [-2, 0] is the row and the two before it"));
  return true;
}

const number = (value: number, at: t.Node, { place }: ArgumentContext) => ({ kind: "literal" as const, value, type: { js: "number" as const, nullable: false }, span: spanOf(at, place.module) });

function readRange(name: string, range: t.ObjectExpression, fn: string, out: Arguments, context: ArgumentContext): void {
  const { module } = context.place;
  if (!aggregateFunctions.has(fn.slice(3))) context.report(verbArgument("rolling", "an aggregate where the frame is a range", spanOf(range, module), "count rows: [-2, 0]"));
  const [preceding, following, on] = ["preceding", "following", "on"].map((key) => membersOf(range)?.get(key));
  if (!preceding || !on) return context.report(verbArgument("rolling", "{ preceding, on } and perhaps following", spanOf(range, module), 'write { preceding: { days: 7 }, on: "date" }'));
  if (columnName(on, context) === null) return context.report(verbArgument("rolling", "a column name", spanOf(on, module), 'write the name as a text: on: "date"'));
  distance(preceding, name, out, context);
  if (following) distance(following, name, out, context);
  else out.rows.push({ role: "bound", name, input: 0, span: spanOf(range, module), source: "0", expression: number(0, range, context) });
  rowArgument(on, { role: "on", name, input: 0 }, out, context);
}

/** Of the facade's `Duration`, in milliseconds. */
const units: Readonly<Record<string, number>> = { weeks: 604_800_000, days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 };

/** A number, or a duration in milliseconds, as a bound. */
export function distance(node: t.Node, name: string | null, out: Arguments, context: ArgumentContext, of = "rolling"): void {
  const e = bare(node);
  const role: Role = { role: "bound", name, input: 0 };
  if (e.type !== "ObjectExpression") return scalar(node, node, role, out, context);
  const place = { loc: e.loc ?? null, start: e.start!, end: e.end! };
  const parts = e.properties.map((p): Expression | null => {
    const unit = p.type === "ObjectProperty" && !p.computed ? units[keyName(p.key) ?? ""] : undefined;
    if (p.type !== "ObjectProperty" || unit === undefined) return null;
    return { ...binaryExpression("*", p.value as Expression, { ...numericLiteral(unit), ...place }), ...place };
  });
  if (parts.length === 0 || parts.includes(null)) return context.report(verbArgument(of, `a duration of ${Object.keys(units).join(", ")}`, spanOf(node, context.place.module), "write { days: 7 }, or a number of a column of numbers"));
  const sum = (parts as Expression[]).reduce((a, b) => ({ ...binaryExpression("+", a, b), ...place }));
  scalar(sum, node, role, out, context);
}

/** What is the same for all rows: read as a row function that looks at none. */
function scalar(value: t.Node, written: t.Node, role: Role, out: Arguments, context: ArgumentContext): void {
  const { place } = context;
  const argument = { ...role, span: spanOf(written, place.module), source: textOf(written, place.module), expression: null };
  const { loc, start, end } = written;
  out.rows.push(argument);
  out.operands.set(argument, { kind: "function", node: { ...arrowFunctionExpression([], value as Expression), loc, start, end } as t.Node, place });
}
