/** Functions that take a value of any type: what they make of null, undefined and Dates is decided here. */
import type * as t from "@babel/types";
import type { Expression } from "../../ir/expression.ts";
import { isNested, type SourceSpan } from "../../ir/types.ts";
import { fold } from "../../functions/fold.ts";
import type { Argument } from "./apply.ts";
import type { Frame } from "./frame.ts";
import { toText } from "./text.ts";
import { orIfNull, toTest } from "./truth.ts";
import { call, capturedAs, isAsserted, literal, opaque, optional, plain, scalar, type Value } from "./value.ts";

type Convert = (arg: Argument, whole: t.Node, frame: Frame) => Value;

/** `Number.isNaN` and its kind never convert: only a number can pass. */
const test =
  (name: string): Convert =>
  ({ value }, whole, frame) => {
    const span = frame.span(whole);
    if (value.kind === "any" || value.kind === "mixed") {
      if (value.kind === "mixed") frame.state.needsScript(`${name} of a value of several types runs in V8`);
      return opaque(plain("boolean"), span);
    }
    if (value.kind !== "scalar" || value.expression.type.js !== "number") return scalar(literal(false, "boolean", span));
    const { expression } = optional(value);
    const tested = call(name, [expression], "boolean", span);
    return scalar(expression.type.nullable ? orIfNull(expression, literal(false, "boolean", span), tested) : tested);
  };

const conversions: Readonly<Record<string, Convert>> = {
  Boolean: ({ value, node }, _, frame) => scalar(toTest(value, frame.span(node)).test),
  String: ({ value, node }, whole, frame) => {
    const text = toText(value, node, frame);
    if (text === null) return opaque(plain("string"), frame.span(whole));
    if (text.type.js === "string" && !text.type.nullable) return scalar(text);
    return scalar(fold(call("String", [text], "string", frame.span(whole))));
  },
  Number: ({ value }, whole, frame) => number(value, whole, frame),
  "Number.isNaN": test("Number.isNaN"),
  "Number.isFinite": test("Number.isFinite"),
  "Number.isInteger": test("Number.isInteger"),
  "Number.isSafeInteger": test("Number.isSafeInteger"),
};

/** Null: no function of this kind. Without argument each has a constant result. */
export function conversion(name: string, args: readonly Argument[], node: t.Node, frame: Frame): Value | null {
  if (!Object.hasOwn(conversions, name)) return null;
  const span = frame.span(node);
  if (args.length === 0) {
    if (name === "Boolean") return scalar(literal(false, "boolean", span));
    return scalar(name === "String" ? literal("", "string", span) : literal(0, "number", span));
  }
  return conversions[name]!(args[0]!, node, frame);
}

function number(value: Value, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  if (value.kind === "nothing") return scalar(literal(value.value === null ? 0 : NaN, "number", span));
  if (value.kind !== "scalar") {
    if (value.kind !== "any") frame.state.needsScript("Number of an object runs in V8");
    return opaque(plain("number"), span);
  }
  const { expression } = value;
  if (isNested(expression.type.js)) {
    frame.state.needsScript("Number of an array or object runs in V8");
    return opaque(plain("number"), span);
  }
  if (expression.kind === "captured" && (value.null || isAsserted(value))) {
    return scalar(capturedAs("number", expression, "number"));
  }
  if (!value.undefined && !value.unchecked) return scalar(toNumber(value.expression, span));
  if (value.null || value.either) frame.state.needsScript("Number of a value that may be null or undefined runs in V8");
  const { js } = value.expression.type;
  const present = { ...value.expression, type: { js, nullable: false } } as Expression;
  return scalar(orIfNull(value.expression, literal(NaN, "number", span), toNumber(present, span)));
}

/** `Number(x)`; null, which may come although the program denies it (`x!`), is 0. */
export function toNumber(e: Expression, span: SourceSpan): Expression {
  const { js } = e.type;
  const present = js === "number" ? e : js === "date" ? call("date.getTime", [e], "number", span) : fold(call("Number", [e], "number", span));
  return e.type.nullable ? orIfNull(e, literal(0, "number", span), present) : present;
}
