/** Helpers become part of the row function: their parameters are bound to the arguments, their body is read in its own module. */
import type * as t from "@babel/types";
import { asyncRowFunction } from "../../diagnostics/async-row-function.ts";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { notAssignable, wrongCount } from "../../diagnostics/wrong-arguments.ts";
import type { SourceSpan } from "../../ir/types.ts";
import { annotated } from "./annotated.ts";
import type { Argument } from "./apply.ts";
import { readExpression } from "./expression.ts";
import { close, Frame, type Variable } from "./frame.ts";
import { absence } from "./operators.ts";
import { bindPattern } from "./patterns.ts";
import { runBody } from "./statements.ts";
import { isObject, isSameJs } from "../../ir/types.ts";
import { annotation } from "./static-type.ts";
import { survey } from "./survey.ts";
import { choose } from "./truth.ts";
import { call, describe, opaque, printStatic, typeOf, unknown, type StaticType, type Value } from "./value.ts";

type Helper = Extract<Value, { kind: "helper" }>;

export function inline(helper: Helper, args: readonly Argument[], node: t.Node, frame: Frame): Value {
  const { state } = frame;
  const fn = helper.node;
  const span = frame.span(node);
  const declared = annotation(fn.returnType, helper.scope);
  if (fn.async) {
    state.report(asyncRowFunction("async", span));
    return unknown;
  }
  if (fn.generator || state.inlining.some((outer) => outer.node === fn)) {
    state.needsScript(`${helper.name} ${fn.generator ? "is a generator" : "calls itself"}`);
    return opaque(declared, span);
  }
  const values = checkArguments(helper, args, node, frame);
  // A function inside the row function sees the locals around it, with the values they have now.
  const current = helper.closure ? new Map([...helper.closure.flow.current, ...frame.flow.current]) : new Map<Variable, Value>();
  const inner = new Frame(state, helper.scope, new Map(helper.closure?.names), { current, lets: [], facts: frame.flow.facts });
  state.inlining.push({ node: fn, name: helper.name, file: helper.scope.file, call: span });
  const lent = values.map((value): Value => (value.kind === "scalar" ? { ...value, lent: true } : value));
  fn.params.forEach((param, i) => bindParameter(param as t.Node, lent.slice(i), inner, span));
  const value = close(inner.flow, body(fn, inner));
  state.inlining.pop();
  for (const [variable, before] of helper.closure?.flow.current ?? []) {
    const changed = inner.flow.current.get(variable) !== (frame.flow.current.get(variable) ?? before);
    if (changed) state.needsScript(`${helper.name} changes '${variable.name}' of the function around it`);
  }
  return declared === null ? value : annotated(value, declared, span);
}

/** The value a function returns, with the types of returns that only V8 reaches. */
export function body(fn: t.Function, frame: Frame): Value {
  if (fn.body.type !== "BlockStatement") return readExpression(fn.body, frame);
  const value = runBody(fn.body, frame);
  const span = frame.span(fn);
  const test = opaque({ js: "boolean", null: false, undefined: false }, span);
  return frame.returns.reduce((all, other) => (test.kind === "scalar" ? choose(test.expression, all, other, span) : all), value);
}

/** `rest`: this parameter's argument and those after it. */
export function bindParameter(param: t.Node, rest: readonly Value[], frame: Frame, at: SourceSpan): void {
  const absent: Value = { kind: "nothing", value: undefined, span: at };
  if (param.type === "RestElement") {
    bindPattern(param.argument, { kind: "list", items: rest, set: false }, frame);
    return;
  }
  if (param.type === "TSParameterProperty") return survey(param, frame);
  bindPattern(param, rest[0] ?? absent, frame);
}

/** `value` where it is not undefined, else the default. */
export function withDefault(value: Value, fallback: t.Expression, frame: Frame): Value {
  if (value.kind === "nothing" && value.value === undefined) return readExpression(fallback, frame);
  if (value.kind !== "scalar" || !(value.undefined || value.unchecked)) return value;
  const span = frame.span(fallback);
  if (value.null || value.either) frame.state.needsScript("a default for a value that may be null or undefined runs in V8");
  const { unchecked: _, ...known } = value;
  return choose(call("isNull", [value.expression], "boolean", span), readExpression(fallback, frame), { ...known, undefined: false }, span);
}

/** As tsc checks a call of a function with annotated parameters: the values that go in, those of a wrong type replaced. */
function checkArguments(helper: Helper, args: readonly Argument[], node: t.Node, frame: Frame): Value[] {
  const { params } = helper.node;
  const optional = (param: t.Node) => param.type === "AssignmentPattern" || param.type === "RestElement" || (param.type === "Identifier" && param.optional === true);
  const least = params.findLastIndex((param) => !optional(param)) + 1;
  const most = params.some((param) => param.type === "RestElement") ? Infinity : params.length;
  const typed = params.some((param) => "typeAnnotation" in param && param.typeAnnotation);
  if ((typed && args.length < least) || args.length > most) {
    frame.state.typeError(wrongCount(helper.name, least, most, args.length, frame.span(node)));
    return params.map(() => unknown);
  }
  return args.map((arg, i) => {
    const param = params[i];
    const target = param?.type === "AssignmentPattern" ? param.left : param;
    const wanted = target && "typeAnnotation" in target ? annotation(target.typeAnnotation, helper.scope) : null;
    if (target?.type === "ObjectPattern" && arg.value.kind === "scalar" && !isObject(arg.value.expression.type.js)) {
      frame.state.typeError(notAssignable(describe(arg.value), "object", frame.span(arg.node)));
      return unknown;
    }
    return wanted ? checkArgument(arg, optional(param!) ? { ...wanted, undefined: true } : wanted, frame) : arg.value;
  });
}

function checkArgument({ value, node }: Argument, wanted: StaticType, frame: Frame): Value {
  const got = typeOf(value);
  const span = frame.span(node);
  const fits = wanted.js !== null && isObject(wanted.js) ? isSomeObject(value) : got === null ? value.kind === "any" : got.js === null || wanted.js === null || isSameJs(got.js, wanted.js);
  if (!fits) {
    frame.state.typeError(notAssignable(describe(value), printStatic(wanted), span));
    return opaque(wanted, span);
  }
  if (got && ((got.null && !wanted.null) || (got.undefined && !wanted.undefined))) {
    const which = value.kind === "scalar" ? absence(value) : got.null ? "null" : "undefined";
    frame.state.typeError(possiblyNull(frame.text(node), which, span, "argument"));
    return opaque(wanted, span);
  }
  return value;
}

/** An object of any members: those that are read have types of their own. */
function isSomeObject(value: Value): boolean {
  return value.kind !== "scalar" || isObject(value.expression.type.js);
}
