/** Object literals and constant tables: `{ a: 1 }.a`, `RATES[d.kind]`. */
import type * as t from "@babel/types";
import { notAColumnValue } from "../../diagnostics/not-a-column-value.ts";
import { keyOrder } from "../../ir/types.ts";
import { readExpression, unsupported } from "./expression.ts";
import { noFacts } from "./facts.ts";
import { close, type Frame } from "./frame.ts";
import { choose } from "./truth.ts";
import { call, describe, literal, unknown, type Value } from "./value.ts";

/** A table looked up by a computed key becomes a chain of comparisons up to this size. */
const LARGEST = 64;

export function readObject(node: t.ObjectExpression, frame: Frame): Value {
  const members = new Map<string, Value>();
  for (const property of node.properties) {
    if (property.type !== "ObjectProperty" || property.computed) return unsupported(node, "this object literal has no native form", null, frame);
    const key = property.key.type === "Identifier" ? property.key.name : "value" in property.key ? String(property.key.value) : null;
    if (key === null) return unsupported(node, "this object literal has no native form", null, frame);
    if (key === "__proto__" && !property.shorthand) {
      frame.state.typeError(notAColumnValue("an object with a prototype of its own", frame.span(property), "name the member otherwise: '__proto__:' sets an object's prototype, and makes no member"));
      return unknown;
    }
    members.set(key, readExpression(property.value, frame));
  }
  return { kind: "record", names: keyOrder([...members.keys()]), member: (name) => members.get(name) ?? null };
}

/** A member chosen by a value: undefined when there is none, which tsc does not say. */
export function lookUp(
  record: Extract<Value, { kind: "record" }>,
  names: readonly string[],
  key: Value,
  node: t.MemberExpression | t.OptionalMemberExpression,
  frame: Frame,
): Value {
  const span = frame.span(node);
  if (key.kind !== "scalar" || key.null || key.undefined || names.length > LARGEST || !["string", "number"].includes(key.expression.type.js)) {
    return unsupported(node, `a table of ${names.length} entries looked up by ${describe(key)} runs in V8`, null, frame);
  }
  // Compared several times, evaluated once.
  const inner = frame.branch(noFacts);
  const value = inner.bind("key", key);
  if (value.kind !== "scalar") return value;
  const { js } = value.expression.type;
  let result: Value = { kind: "nothing", value: undefined, span };
  for (const name of names.toReversed()) {
    if (js === "number" && String(Number(name)) !== name) continue;
    const entry = js === "number" ? literal(Number(name), "number", span) : literal(name, "string", span);
    const member = record.member(name, node);
    if (member) result = choose(call("eq", [value.expression, entry], "boolean", span), member, result, span);
  }
  const found = close(inner.flow, result);
  return found.kind === "scalar" ? { ...found, undefined: false, unchecked: true } : found;
}
