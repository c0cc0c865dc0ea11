/**
 * What an `Expression` means, in a few lines of JavaScript: the oracle's other half. A table holds null for undefined and
 * for an invalid date; everything else is JavaScript's own.
 */
import { capturedText } from "../../../../plugin-babel/src/ir/captured.ts";
import type { Expression } from "../../../../plugin-babel/src/ir/expression.ts";

type Row = Readonly<Record<string, unknown>>;
type Any = never;

const operators: Readonly<Record<string, (...args: Any[]) => unknown>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
  pow: (a, b) => a ** b,
  neg: (a) => -a,
  concat: (...parts: unknown[]) => parts.map(String).join(""),
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  not: (a) => !a,
  truthy: (a) => Boolean(a),
  isNull: (a) => a === null,
  in: (a, ...items: unknown[]) => items.includes(a),
  "bit.and": (a, b) => a & b,
  "bit.or": (a, b) => a | b,
  "bit.xor": (a, b) => a ^ b,
  "bit.not": (a) => ~a,
  "bit.shl": (a, b) => a << b,
  "bit.shr": (a, b) => a >> b,
  "bit.ushr": (a, b) => a >>> b,
  Number: (a) => Number(a),
  String: (a) => String(a),
  BigInt: (a) => BigInt(a),
  parseInt: (s, radix) => parseInt(s, radix),
  parseFloat: (s) => parseFloat(s),
  isNaN: (a) => isNaN(a),
  isFinite: (a) => isFinite(a),
  Date: (...args: [Any]) => new Date(...args),
  "Array.of": (...elements: unknown[]) => elements.map(inTable),
  "object.member": (object: Row, name: string) => object[name],
  "object.of": (...parts: unknown[]) => inTable(Object.fromEntries(parts.flatMap((part, i) => (i % 2 ? [[parts[i - 1], part]] : [])))),
  "list.item": (list: readonly unknown[], index: number) => list[index],
};

export function evaluate(e: Expression, row: Row, captured: Row = {}, locals: Row = {}): unknown {
  const value = (child: Expression) => evaluate(child, row, captured, locals);
  switch (e.kind) {
    case "column":
      return row[e.name];
    case "literal":
      return e.value;
    case "captured":
      return stored(capturedValue(capturedText(e), captured));
    case "local":
      return locals[e.name];
    case "let":
      return evaluate(e.body, row, captured, { ...locals, [e.name]: value(e.value) });
    case "if":
      return value(e.test) ? value(e.then) : value(e.else);
    case "and":
      return value(e.left) && value(e.right);
    case "or":
      return value(e.left) || value(e.right);
    case "nullish":
      return value(e.left) ?? value(e.right);
    case "call":
      return stored(apply(e.function, e.args.flatMap((arg) => (arg.kind === "captured" && arg.list ? [...(value(arg) as Iterable<unknown>)] : [value(arg)]))));
    case "script":
      throw new Error("a script has no meaning here");
  }
}

/** JavaScript evaluated when the verb is called. */
export function capturedValue(source: string, captured: Row): unknown {
  return new Function(...Object.keys(captured), `return (${source});`)(...Object.values(captured));
}

function apply(name: string, args: readonly unknown[]): unknown {
  const own = operators[name];
  if (own) return own(...(args as Any[]));
  const [family, method] = name.split(".") as [string, string];
  if (family === "Math" || family === "Number" || name === "Date.UTC" || name === "Date.parse") {
    return ((globalThis as unknown as Record<string, Record<string, (...args: unknown[]) => unknown>>)[family]![method]!)(...args);
  }
  const receiver = args[0] as Record<string, unknown>;
  const member = receiver[method];
  return typeof member === "function" ? (member as (...args: unknown[]) => unknown).apply(receiver, args.slice(1)) : member;
}

/** undefined is null. (An invalid date becomes null only when it leaves the row function.) */
const stored = (value: unknown): unknown => (value === undefined ? null : value);

/** A value as a table's column holds it. */
export function inTable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inTable);
  if (value === undefined || (value instanceof Date && Number.isNaN(value.getTime()))) return null;
  return typeof value === "object" && value !== null && !(value instanceof Date) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inTable(member)])) : value;
}
