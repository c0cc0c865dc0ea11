/** `op.*` inside a row function: the scalar functions are JavaScript's own; aggregates and windows do not belong there. */
import type * as t from "@babel/types";
import { aggregateInRowFunction, type Split } from "../../diagnostics/aggregate-in-row-function.ts";
import { unknownProperty } from "../../diagnostics/unknown-property.ts";
import { notAssignable } from "../../diagnostics/wrong-arguments.ts";
import { aggregateFunctions, functionNamed, methodNamed, scalarFunctions, windowFunctions } from "../../functions/index.ts";
import { inJavaScript, otherAggregates } from "../../functions/arquero.ts";
import { apply, type Argument } from "./apply.ts";
import { readArguments, type Call } from "./calls.ts";
import { conversion } from "./conversions.ts";
import { unsupported } from "./expression.ts";
import { noFacts, present } from "./facts.ts";
import { close, type Frame } from "./frame.ts";
import { propertySpan } from "./member.ts";
import { choose, not } from "./truth.ts";
import { absences, call, describe, opaque, plain, scalar, unknown, type Scalar, type Value } from "./value.ts";

/** Names in Arquero that differ from `Math`'s. */
const renamed: Readonly<Record<string, string>> = { greatest: "max", least: "min" };
const text: Readonly<Record<string, string>> = { upper: "toUpperCase", lower: "toLowerCase", trim: "trim" };

export function callOp(name: string, callee: t.MemberExpression | t.OptionalMemberExpression, node: Call, frame: Frame): Value {
  const span = frame.span(node);
  const kind = windowFunctions.has(name) ? "window" : aggregateFunctions.has(name) || otherAggregates.has(name) ? "aggregate" : null;
  if (kind) {
    const [first] = node.arguments;
    frame.state.report(aggregateInRowFunction(name, kind, first ? frame.text(first) : null, span, splitOf(name, callee, node, frame)));
    return unknown;
  }
  const math = functionNamed(`Math.${renamed[name] ?? name}`);
  const method = text[name] && methodNamed("string", text[name]);
  const args = math || method || name === "bin" ? readArguments(node.arguments, frame) : null;
  if (math && args) return apply(math, null, args.map((arg) => numberOf(arg, node, frame)), node, frame);
  if (method && args?.length === 1) return unlessNull(args[0]!, "string", (subject) => scalar(call(method.name, [subject.expression], "string", span)), node, frame);
  if (name === "bin" && args?.length) {
    const [value, ...others] = args;
    const bin = (subject: Scalar): Value => apply(scalarFunctions.get("bin")!, null, [{ ...value!, value: subject }, ...others.map((arg) => numberOf(arg, node, frame))], node, frame);
    return unlessNull(value!, "number", bin, node, frame);
  }
  if (math || method || name === "bin") return unsupported(node, `this call of op.${name} has no native form`, plain(method ? "string" : "number"), frame);
  frame.state.report(unknownProperty(name, "op", propertySpan(callee, frame), known, true, inJavaScript.get(name)));
  return unknown;
}

/** The step of its own that computes the call, and what reads its column; null where locals of the function are in it. */
function splitOf(name: string, callee: t.MemberExpression | t.OptionalMemberExpression, node: Call, frame: Frame): Split | null {
  const { root, environment, inlining } = frame.state;
  const [row] = root.params;
  if (!environment.verb || inlining.length > 0 || root.body.type === "BlockStatement" || row?.type !== "Identifier") return null;
  const taken = new Set(environment.params[0]?.map((column) => column.name));
  let column = name;
  for (let n = 2; taken.has(column); n++) column = `${name}_${n}`;
  const [first, ...rest] = node.arguments;
  const isColumn = first?.type === "MemberExpression" && !first.computed && first.object.type === "Identifier" && first.object.name === row.name && first.property.type === "Identifier";
  const isName = first?.type === "StringLiteral";
  const argument = !first ? [] : isName ? [frame.text(first)] : [isColumn ? JSON.stringify((first.property as t.Identifier).name) : `(${row.name}) => ${frame.text(first)}`];
  const value = `${frame.text(callee)}(${[...argument, ...rest.map((other) => frame.text(other))].join(", ")})`;
  const { line, column: start } = environment.verb;
  return {
    step: `derive({ ${column}: ${value} })`,
    before: { ...environment.verb, endLine: line, endColumn: start },
    reads: `${row.name}.${column}`,
  };
}

const mathNames = [...scalarFunctions.keys()].filter((fn) => fn.startsWith("Math.")).map((fn) => fn.slice("Math.".length));
const known = [...aggregateFunctions.keys(), ...windowFunctions.keys(), ...Object.keys(renamed), ...Object.keys(text), "bin", ...mathNames];

/** Arquero's functions take null, which JavaScript makes 0 (undefined: NaN). */
function numberOf(arg: Argument, node: Call, frame: Frame): Argument {
  const { value } = arg;
  if (value.kind === "nothing") return { ...arg, value: conversion("Number", [arg], node, frame) ?? value };
  if (value.kind !== "scalar" || value.expression.type.js !== "number" || !(value.null || value.undefined)) return arg;
  return { ...arg, value: conversion("Number", [arg], node, frame) ?? value };
}

/** Of functions whose first argument is null where the result is: `of` sees it where it is there. */
function unlessNull({ value, node: at }: Argument, js: "string" | "number", of: (subject: Scalar) => Value, node: Call, frame: Frame): Value {
  const span = frame.span(node);
  if (value.kind === "nothing") return value;
  if (value.kind === "any") return opaque(plain(js), span);
  if (value.kind !== "scalar" || value.expression.type.js !== js) {
    frame.state.typeError(notAssignable(describe(value), `${js} | null`, frame.span(at)));
    return opaque(plain(js), span);
  }
  const outer = frame.branch(noFacts);
  const subject = outer.bind("value", value) as Scalar;
  const result = of(scalar({ ...subject.expression, type: { js, nullable: false } } as Scalar["expression"]));
  const absent = absences(value);
  if (!absent.null && !absent.undefined) return close(outer.flow, result);
  const isNull = call("isNull", [subject.expression], "boolean", span);
  const nothing: Value = { kind: "nothing", value: absent.null ? null : undefined, span };
  return close(outer.flow, choose(not(isNull, span), result, nothing, span, { then: present(value.place), else: noFacts }));
}
