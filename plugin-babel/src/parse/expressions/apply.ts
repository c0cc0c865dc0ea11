/** A function of the catalogue on arguments: counted and typed as tsc does. */
import type * as t from "@babel/types";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { notAssignable, wrongCount } from "../../diagnostics/wrong-arguments.ts";
import type { ScalarFunction } from "../../functions/index.ts";
import { fold } from "../../functions/fold.ts";
import type { Parameter } from "../../functions/scalar-function.ts";
import type { Expression } from "../../ir/expression.ts";
import { isNested, type JsType } from "../../ir/types.ts";
import { conversion } from "./conversions.ts";
import { unsupported } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { absence } from "./operators.ts";
import { call, converted, describe, opaque, plain, printStatic, required, scalar, typesOf, type Scalar, type Value } from "./value.ts";

export interface Argument {
  readonly value: Value;
  readonly node: t.Node;
}

/** `receiver` of a method; null for functions. */
export function apply(fn: ScalarFunction, receiver: Scalar | null, given: readonly Argument[], node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const js = fn.result as JsType;
  const result = () => opaque(plain(js), span);
  const args = withoutTrailingUndefined(fn, given);
  if (!countFits(fn, args, node, frame)) return result();
  const special = conversion(fn.name, args, node, frame);
  if (special) return special;

  const expressions: Expression[] = receiver ? [receiver.expression] : [];
  let ok = true;
  args.forEach((arg, i) => {
    const expression = argument(fn, parameter(fn, i, args.length), arg, frame);
    if (expression) expressions.push(expression);
    else ok = false;
  });
  if (!ok) return result();
  return scalar(fold(call(fn.name, expressions, js, span, fn.mayBeUndefined)), { null: false, undefined: fn.mayBeUndefined });
}

/** What the i-th argument may be. The Date constructor takes other types alone than with companions. */
function parameter(fn: ScalarFunction, i: number, count: number): Parameter {
  const last = fn.params.at(-1)!;
  const own = fn.params[i] ?? last;
  return fn.form === "constructor" && count > 1 ? { types: ["number"] } : own;
}

/** Its expression; null after a mistake, or when only V8 can tell. */
function argument(fn: ScalarFunction, parameter: Parameter, { value, node }: Argument, frame: Frame): Expression | null {
  if (value.kind === "any") return null;
  const admitted = parameter.types?.map((type) => printStatic(plain(type)));
  const fits = !admitted || typesOf(value).every((type) => admitted.includes(type) || (parameter.optional && type === "undefined"));
  if ((value.kind === "mixed" && fits) || (value.kind === "helper" && fn.receiver === "string")) {
    unsupported(node, "this argument has no native form", null, frame);
    return null;
  }
  const wanted = admitted?.join(" | ") ?? "string | number | boolean | bigint | Date";
  if (value.kind !== "scalar" || (parameter.types && !parameter.types.includes(value.expression.type.js))) {
    frame.state.typeError(notAssignable(describe(value), wanted, frame.span(node)));
    return null;
  }
  if (isNested(value.expression.type.js)) {
    unsupported(node, "an array or object as an argument has no native form", null, frame);
    return null;
  }
  if (value.null || (value.undefined && !parameter.optional)) {
    frame.state.typeError(possiblyNull(frame.text(node), absence(value), frame.span(node), "argument"));
    return null;
  }
  const given = converted(parameter.optional ? required(value) : value);
  if (value.undefined || value.unchecked || given === null || (given !== value && parameter.optional && !value.required)) frame.state.needsScript(`the argument '${frame.text(node)}' may be undefined`);
  return (given ?? value).expression;
}

/** `f(x, undefined)` is `f(x)`. */
function withoutTrailingUndefined(fn: ScalarFunction, args: readonly Argument[]): readonly Argument[] {
  let count = args.length;
  while (count > 0 && args[count - 1]!.value.kind === "nothing" && fn.params[count - 1]?.optional) {
    const last = args[count - 1]!.value;
    if (last.kind !== "nothing" || last.value !== undefined || fn.params[count - 1]!.types === null) break;
    count -= 1;
  }
  return args.slice(0, count);
}

function countFits(fn: ScalarFunction, args: readonly Argument[], node: t.Node, frame: Frame): boolean {
  const least = fn.params.filter((p) => !p.optional && !p.rest).length;
  const most = fn.name === "Date" || fn.name === "Date.UTC" ? 7 : fn.params.some((p) => p.rest) ? Infinity : fn.params.length;
  if (args.length >= least && args.length <= most) return true;
  const name = fn.name.slice(fn.name.lastIndexOf(".") + 1);
  frame.state.typeError(wrongCount(name, least, most, args.length, frame.span(node)));
  return false;
}
