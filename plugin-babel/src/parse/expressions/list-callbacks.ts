/** Methods of arrays of known length that take a function: unrolled, one inlined call an element. */
import { noTruth, type Truth } from "./facts.ts";
import type { Call } from "./calls.ts";
import type { Frame } from "./frame.ts";
import { inline } from "./inline.ts";
import { logical } from "./logical.ts";
import type { List, ListMethod } from "./lists.ts";
import { choose, toTest } from "./truth.ts";
import { literal, scalar, type Value } from "./value.ts";

type Helper = Extract<Value, { kind: "helper" }>;

/** Null: this use has no native form. */
export const callbacks: Readonly<Record<string, ListMethod>> = {
  some: (list, [arg], node, frame) => withHelper(list, arg?.value, (helper) => test(list, helper, "||", node, frame)),
  every: (list, [arg], node, frame) => withHelper(list, arg?.value, (helper) => test(list, helper, "&&", node, frame)),
  map: (list, [arg], node, frame) =>
    withHelper(list, arg?.value, (helper) => ({ ...list, items: list.items.map((item, i) => once(helper, [item, index(i, node, frame)], node, frame)) })),
  reduce: (list, [arg, start], node, frame) =>
    withHelper(list, arg?.value, (helper) => {
      const items = start ? list.items : list.items.slice(1);
      const first = start ? start.value : list.items[0];
      return first ? items.reduce<Value>((sum, item, i) => once(helper, [sum, item, index(start ? i : i + 1, node, frame)], node, frame), first) : null;
    }),
  find: (list, [arg], node, frame) => withHelper(list, arg?.value, (helper) => first(list, helper, list.items, undefined, node, frame)),
  findIndex: (list, [arg], node, frame) =>
    withHelper(list, arg?.value, (helper) => first(list, helper, list.items.map((_, i) => index(i, node, frame)), -1, node, frame)),
};

function withHelper(list: List, arg: Value | undefined, run: (helper: Helper) => Value | null): Value | null {
  return arg?.kind === "helper" && !list.set ? run(arg) : null;
}

const index = (i: number, node: Call, frame: Frame): Value => scalar(literal(i, "number", frame.span(node)));

/** The callback on some arguments; it may take fewer. */
function once(helper: Helper, args: readonly Value[], node: Call, frame: Frame): Value {
  const [at] = node.arguments;
  return inline(helper, args.slice(0, helper.node.params.length).map((value) => ({ value, node: at ?? node })), node, frame);
}

function test(list: List, helper: Helper, operator: "||" | "&&", node: Call, frame: Frame): Value {
  const span = frame.span(node);
  const one = (item: Value, i: number, inner: Frame): Value => {
    const value = once(helper, [item, index(i, node, inner)], node, inner);
    return value.kind === "any" ? value : scalar(toTest(value, span).test, { truth: truthOf(value) });
  };
  const start: Value = scalar(literal(operator === "&&", "boolean", span));
  return list.items.reduce<Value>((all, item, i) => logical(operator, [all, node], (inner) => one(item, i, inner), span, frame), start);
}

const truthOf = (value: Value): Truth => (value.kind === "scalar" && value.truth ? value.truth : noTruth);

/** The result of the first element that passes. */
function first(list: List, helper: Helper, results: readonly Value[], otherwise: -1 | undefined, node: Call, frame: Frame): Value | null {
  const span = frame.span(node);
  const none: Value = otherwise === undefined ? { kind: "nothing", value: undefined, span } : scalar(literal(-1, "number", span));
  return list.items.reduceRight<Value>((rest, item, i) => {
    const { test: passed } = toTest(once(helper, [item, index(i, node, frame)], node, frame), span);
    return choose(passed, results[i]!, rest, span);
  }, none);
}
