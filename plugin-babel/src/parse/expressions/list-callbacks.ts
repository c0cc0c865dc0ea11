/** Methods of arrays of known length that take a function: unrolled, one inlined call an element. */
import { functionNamed } from "../../functions/index.ts";
import { apply } from "./apply.ts";
import { noTruth, type Truth } from "./facts.ts";
import type { Call } from "./calls.ts";
import type { Frame } from "./frame.ts";
import { inline } from "./inline.ts";
import { logical } from "./logical.ts";
import type { List, ListMethod } from "./lists.ts";
import { choose, toTest } from "./truth.ts";
import { literal, scalar, type Value } from "./value.ts";

/** A function written in place or declared, or one of JavaScript's: `.map(Number)`. */
type Callback = Extract<Value, { kind: "helper" | "namespace" }>;

/** Null: this use has no native form. */
export const callbacks: Readonly<Record<string, ListMethod>> = {
  some: (list, [arg], node, frame) => withCallback(list, arg?.value, (callback) => test(list, callback, "||", node, frame)),
  every: (list, [arg], node, frame) => withCallback(list, arg?.value, (callback) => test(list, callback, "&&", node, frame)),
  map: (list, [arg], node, frame) =>
    withCallback(list, arg?.value, (callback) => ({ ...list, items: list.items.map((item, i) => once(callback, [item, index(i, node, frame)], node, frame)) })),
  reduce: (list, [arg, start], node, frame) =>
    withCallback(list, arg?.value, (callback) => {
      const items = start ? list.items : list.items.slice(1);
      const first = start ? start.value : list.items[0];
      return first ? items.reduce<Value>((sum, item, i) => once(callback, [sum, item, index(start ? i : i + 1, node, frame)], node, frame), first) : null;
    }),
  find: (list, [arg], node, frame) => withCallback(list, arg?.value, (callback) => first(list, callback, list.items, undefined, node, frame)),
  findIndex: (list, [arg], node, frame) =>
    withCallback(list, arg?.value, (callback) => first(list, callback, list.items.map((_, i) => index(i, node, frame)), -1, node, frame)),
};

function withCallback(list: List, arg: Value | undefined, run: (callback: Callback) => Value | null): Value | null {
  const known = arg?.kind === "helper" || (arg?.kind === "namespace" && functionNamed(arg.name) !== undefined);
  return known && !list.set ? run(arg) : null;
}

const index = (i: number, node: Call, frame: Frame): Value => scalar(literal(i, "number", frame.span(node)));

/** The callback on some arguments; it may take fewer. */
export function once(callback: Callback, args: readonly Value[], node: Call, frame: Frame): Value {
  const [at] = node.arguments;
  const given = args.map((value) => ({ value, node: at ?? node }));
  if (callback.kind === "helper") return inline(callback, given.slice(0, callback.node.params.length), node, frame);
  const fn = functionNamed(callback.name)!;
  return apply(fn, null, given.slice(0, fn.params.length), node, frame);
}

function test(list: List, callback: Callback, operator: "||" | "&&", node: Call, frame: Frame): Value {
  const span = frame.span(node);
  const one = (item: Value, i: number, inner: Frame): Value => {
    const value = once(callback, [item, index(i, node, inner)], node, inner);
    return value.kind === "any" ? value : scalar(toTest(value, span).test, { truth: truthOf(value) });
  };
  const start: Value = scalar(literal(operator === "&&", "boolean", span));
  return list.items.reduce<Value>((all, item, i) => logical(operator, [all, node], (inner) => one(item, i, inner), span, frame), start);
}

const truthOf = (value: Value): Truth => (value.kind === "scalar" && value.truth ? value.truth : noTruth);

/** The result of the first element that passes. */
function first(list: List, callback: Callback, results: readonly Value[], otherwise: -1 | undefined, node: Call, frame: Frame): Value | null {
  const span = frame.span(node);
  const none: Value = otherwise === undefined ? { kind: "nothing", value: undefined, span } : scalar(literal(-1, "number", span));
  return list.items.reduceRight<Value>((rest, item, i) => {
    const { test: passed } = toTest(once(callback, [item, index(i, node, frame)], node, frame), span);
    return choose(passed, results[i]!, rest, span);
  }, none);
}
