/** `text.split(",")[1]` without the array: each part ends where the separator is found next. */
import type * as t from "@babel/types";
import type { Expression } from "../../ir/expression.ts";
import { noFacts } from "./facts.ts";
import { close, type Frame } from "./frame.ts";
import { choose, not } from "./truth.ts";
import { call, literal, scalar, type Scalar, type Value } from "./value.ts";

type Parts = Extract<Value, { kind: "parts" }>;

/** Parts further behind are left to V8. */
const FURTHEST = 4;

/** Part `index`; undefined when the text has fewer, which tsc does not say of `[1]`. Null: V8's. */
export function partAt({ text, separator }: Parts, index: Value, node: t.Node, frame: Frame): Scalar | null {
  const at = index.kind === "scalar" && index.expression.kind === "literal" ? index.expression.value : null;
  if (typeof at !== "number" || !Number.isInteger(at) || at < 0 || at > FURTHEST) return null;
  const span = frame.span(node);
  const outer = frame.branch(noFacts);
  const found = part(outer.bind("text", text), separator, at, node, outer);
  const value = close(outer.flow, found);
  if (value.kind !== "scalar") return null;
  return at === 0 ? value : scalar({ ...value.expression, span }, { null: false, undefined: false, unchecked: true });
}

function part(text: Value, separator: string, at: number, node: t.Node, outer: Frame): Value {
  if (text.kind !== "scalar") return text;
  const span = outer.span(node);
  const frame = outer.branch(noFacts);
  const number = (value: number) => literal(value, "number", span);
  const place = frame.bind("place", scalar(call("string.indexOf", [text.expression, literal(separator, "string", span)], "number", span)));
  if (place.kind !== "scalar") return place;
  const here = place.expression;
  const isLast = call("lt", [here, number(0)], "boolean", span);
  const slice = (...places: Expression[]): Value => scalar(call("string.slice", [text.expression, ...places], "string", span));
  if (at === 0) return close(frame.flow, choose(isLast, text, slice(number(0), here), span));
  const inner = frame.branch(noFacts);
  const rest = inner.bind("rest", slice(call("add", [here, number(separator.length)], "number", span)));
  const behind = close(inner.flow, part(rest, separator, at - 1, node, inner));
  return close(frame.flow, choose(not(isLast, span), behind, { kind: "nothing", value: undefined, span }, span));
}

/** `text.split(separator).length`: one more than the separators, which cannot overlap. */
export function partCount({ text, separator }: Parts, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const outer = frame.branch(noFacts);
  const subject = outer.bind("text", text);
  if (subject.kind !== "scalar") return subject;
  const string = (value: string) => literal(value, "string", span);
  const number = (value: number) => literal(value, "number", span);
  const length = (e: Expression) => call("string.length", [e], "number", span);
  const without = call("string.replaceAll", [subject.expression, string(separator), string("")], "string", span);
  const removed = call("sub", [length(subject.expression), length(without)], "number", span);
  const separators = separator.length === 1 ? removed : call("div", [removed, number(separator.length)], "number", span);
  return close(outer.flow, scalar(call("add", [separators, number(1)], "number", span)));
}
