/** Arrays and Sets of known length: `["a", "b"].includes(d.kind)`, `[d.first, d.last].join(" ")`. */
import type * as t from "@babel/types";
import { datesCompared } from "../../diagnostics/dates-compared.ts";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { notAssignable } from "../../diagnostics/wrong-arguments.ts";
import { fold } from "../../functions/fold.ts";
import type { Expression } from "../../ir/expression.ts";
import { readArguments, type Call } from "./calls.ts";
import { unsupported } from "./expression.ts";
import type { Argument } from "./apply.ts";
import { noFacts } from "./facts.ts";
import { close, type Frame } from "./frame.ts";
import { callbacks } from "./list-callbacks.ts";
import { noProperty } from "./member.ts";
import { absence } from "./operators.ts";
import { asString, toText } from "./text.ts";
import { choose, orIfNull } from "./truth.ts";
import { absences, call, describe, literal, opaque, optional, plain, scalar, typesOf, unknown, type StaticType, type Value } from "./value.ts";

export type List = Extract<Value, { kind: "list" }>;
type Member = t.MemberExpression | t.OptionalMemberExpression;
export type ListMethod = (list: List, args: readonly Argument[], node: Call, frame: Frame) => Value | null;

/** Null: this use has no native form. */
const methods: Readonly<Record<string, ListMethod>> = {
  includes: (list, [arg, ...more], node, frame) => (arg && more.length === 0 ? contains(list, arg, node, frame) : null),
  has: (list, [arg, ...more], node, frame) => (list.set && arg && more.length === 0 ? contains(list, arg, node, frame) : null),
  ...callbacks,
  join: (list, args, node, frame) => join(list, args, node, frame),
  indexOf: (list, [arg, ...more], node, frame) => {
    if (!arg || more.length > 0 || arg.value.kind !== "scalar" || arg.value.expression.type.js === "date") return null;
    const inner = frame.branch(noFacts);
    const sought = inner.bind("sought", arg.value);
    const span = frame.span(node);
    let result: Value = scalar(literal(-1, "number", span));
    for (const [i, item] of [...list.items.entries()].reverse()) {
      if (item.kind !== "scalar" || sought.kind !== "scalar" || item.expression.type.js !== sought.expression.type.js) return null;
      result = choose(call("eq", [sought.expression, item.expression], "boolean", span), scalar(literal(i, "number", span)), result, span);
    }
    return close(inner.flow, result);
  },
};

const ofSet: ReadonlySet<string> = new Set(["has"]);
/** What the methods give when V8 runs them. */
const resultTypes: Readonly<Record<string, StaticType>> = {
  ...Object.fromEntries(["includes", "has", "some", "every"].map((name) => [name, plain("boolean")])),
  ...Object.fromEntries(["indexOf", "lastIndexOf", "findIndex"].map((name) => [name, plain("number")])),
  ...Object.fromEntries(["join", "toString", "toLocaleString"].map((name) => [name, plain("string")])),
};

export function callList(list: List, name: string, callee: Member, node: Call, frame: Frame): Value {
  const known = name in (list.set ? Set.prototype : Array.prototype);
  if (!known) {
    readArguments(node.arguments, frame);
    return noProperty(list, name, callee, list.set ? [...ofSet] : Object.keys(methods).filter((m) => !ofSet.has(m)), frame);
  }
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  const args = method ? readArguments(node.arguments, frame) : null;
  const value = args && method!(list, args, node, frame);
  return value ?? unsupported(node, `${name} of an array runs in V8`, Object.hasOwn(resultTypes, name) ? resultTypes[name]! : null, frame);
}

export function listMember(list: List, name: string, node: Member, frame: Frame): Value {
  if (name === (list.set ? "size" : "length")) return scalar(literal(list.items.length, "number", frame.span(node)));
  if (name in (list.set ? Set.prototype : Array.prototype)) return unsupported(node, `${name} of an array runs in V8`, null, frame);
  return noProperty(list, name, node, [list.set ? "size" : "length"], frame);
}

/** `list[i]` */
export function indexList(items: readonly Value[], key: Value, node: Member, frame: Frame): Value {
  const span = frame.span(node);
  if (key.kind !== "scalar" || key.expression.type.js !== "number" || key.null || key.undefined) {
    return unsupported(node, "this index has no native form", null, frame);
  }
  if (key.expression.kind === "literal") return items[key.expression.value as number] ?? { kind: "nothing", value: undefined, span };
  const inner = frame.branch(noFacts);
  const index = inner.bind("index", key);
  if (index.kind !== "scalar") return unknown;
  let result: Value = { kind: "nothing", value: undefined, span };
  for (const [i, item] of [...items.entries()].reverse()) {
    result = choose(call("eq", [index.expression, literal(i, "number", span)], "boolean", span), item, result, span);
  }
  const found = close(inner.flow, result);
  return found.kind === "scalar" ? { ...found, undefined: false, unchecked: true } : unsupported(node, "an array of several types has no native form", null, frame);
}

function contains(list: List, { value, node }: Argument, whole: Call, frame: Frame): Value | null {
  const span = frame.span(whole);
  if (value.kind === "any" || list.items.some((item) => item.kind === "any")) return opaque(plain("boolean"), span);
  const [given, wanted] = [typesOf(value), typesOf(...list.items)];
  const strange = given.filter((type) => !wanted.includes(type));
  if (strange.length > 0 && wanted.length > 0) {
    const onlyAbsent = value.kind === "scalar" && strange.every((type) => type === "null" || type === "undefined");
    if (onlyAbsent) frame.state.typeError(possiblyNull(frame.text(node), absence(value), frame.span(node), "argument"));
    else frame.state.typeError(notAssignable(describe(value), wanted.join(" | "), frame.span(node)));
    return opaque(plain("boolean"), span);
  }
  if (value.kind !== "scalar") return null;
  const { js } = value.expression.type;
  const items: Expression[] = [];
  const held = { null: false, undefined: false };
  for (const item of list.items) {
    const absent = item.kind === "scalar" ? absences(item) : { null: item.kind === "nothing" && item.value === null, undefined: item.kind === "nothing" && item.value === undefined };
    held.null ||= absent.null;
    held.undefined ||= absent.undefined;
    if (item.kind === "nothing") items.push(literal(null, js, item.span));
    else if (item.kind !== "scalar") return null;
    // What is undefined when the verb is called is no element.
    else if (item.expression.kind === "captured" && item.null) items.push({ ...item.expression, form: "only", list: "includes" });
    else if (item.expression.type.js === js) items.push(item.expression);
  }
  if (js === "date") {
    frame.state.report(datesCompared("includes", span, []));
    return opaque(plain("boolean"), span);
  }
  const sought = absences(value);
  if ((sought.undefined && held.null) || (sought.null && held.undefined)) return null;
  return scalar(items.length === 0 ? literal(false, "boolean", span) : call("in", [value.expression, ...items], "boolean", span));
}

/** null and undefined are empty texts in `join`. */
function join(list: List, [separator, ...more]: readonly Argument[], node: Call, frame: Frame): Value | null {
  const span = frame.span(node);
  if (more.length > 0 || list.set) return null;
  const between = separator ? separator.value : scalar(literal(",", "string", span));
  if (between.kind !== "scalar" || between.expression.type.js !== "string") return null;
  const parts: Expression[] = [];
  for (const [i, item] of list.items.entries()) {
    if (i > 0) parts.push(between.expression);
    if (item.kind === "nothing") continue;
    if (item.kind !== "scalar") return null;
    const present = optional(item);
    const absent = absences(present);
    const text = toText({ ...present, null: false, undefined: false, unchecked: false }, node, frame);
    if (text === null) return null;
    parts.push(absent.null || absent.undefined ? orIfNull(present.expression, literal("", "string", span), asString(text)) : text);
  }
  return scalar(fold(call("concat", parts, "string", span)));
}
