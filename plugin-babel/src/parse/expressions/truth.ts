/** Truthiness, and the values chosen by it. */
import type { Expression } from "../../ir/expression.ts";
import { eitherType, elementOf, isList, isNested, isSameJs, type SourceSpan } from "../../ir/types.ts";
import { both, either, noTruth, present, type Facts, type Truth } from "./facts.ts";
import { listColumn } from "./list-column.ts";
import { objectColumn } from "./object-column.ts";
import { call, literal, opaque, optional, plain, scalar, typesOf, uncheckedOf, unknown, type Fields, type Scalar, type Value } from "./value.ts";

export interface Test extends Truth {
  readonly test: Expression;
}

/** What a condition makes of a value. */
export function toTest(value: Value, span: SourceSpan): Test {
  switch (value.kind) {
    case "scalar": {
      const then = both(value.truth?.then ?? present(value.place), value.chain ?? present(undefined));
      return { test: truthy(optional(value).expression), then, else: value.truth?.else ?? noTruth.else };
    }
    case "mixed":
      return { ...(value.truth ?? noTruth), test: value.test };
    case "nothing":
      return { ...noTruth, test: literal(false, "boolean", span) };
    case "record": {
      const absent = value.absent ?? value.missing;
      return { then: present(value.place), else: noTruth.else, test: absent ? not(absent, span) : literal(true, "boolean", span) };
    }
    case "values":
      return { ...noTruth, test: value.missing ? not(value.missing, span) : literal(true, "boolean", span) };
    case "any":
      return { ...noTruth, test: (opaque(plain("boolean"), span) as Scalar).expression };
    default:
      return { ...noTruth, test: literal(true, "boolean", span) };
  }
}

/** The truthiness of an expression as a boolean that is never null. */
export function truthy(e: Expression): Expression {
  const { span } = e;
  const boolean = { js: "boolean", nullable: false } as const;
  switch (e.kind) {
    case "literal":
      return literal(e.type.js === "date" ? e.value !== null : Boolean(e.value), "boolean", span);
    case "and":
    case "or":
      return { ...e, left: truthy(e.left), right: truthy(e.right), type: boolean };
    case "if":
      return { ...e, then: truthy(e.then), else: truthy(e.else), type: boolean };
    case "let":
      return { ...e, body: truthy(e.body), type: boolean };
    default:
      if (e.type.js === "boolean" && !e.type.nullable) return e;
      // A Date or an array is an object: true unless it is absent.
      if (e.type.js === "date" || isNested(e.type.js)) return not(call("isNull", [e], "boolean", span), span);
      return call("truthy", [e], "boolean", span);
  }
}

export function not(test: Expression, span: SourceSpan): Expression {
  if (test.kind === "literal") return literal(!test.value, "boolean", span);
  if (test.kind === "call" && test.function === "not") return test.args[0]!;
  if (test.kind === "call" && test.function === "eq") return { ...test, function: "ne", span };
  if (test.kind === "call" && test.function === "ne") return { ...test, function: "eq", span };
  return call("not", [test], "boolean", span);
}

/** `test ? then : otherwise` of any two values. */
export function choose(test: Expression, then: Value, otherwise: Value, span: SourceSpan, facts: { then: Facts; else: Facts } = noTruth): Value {
  if (test.kind === "literal") return known(test, test.value ? then : otherwise, then, otherwise);
  if (then === otherwise) return then;
  if (then.kind === "any" || otherwise.kind === "any") return unknown;
  const record = chooseRecord(test, then, otherwise, span);
  if (record) return record;
  const types = unify(then, otherwise, span);
  const [a, b] = [toTest(then, span), toTest(otherwise, span)];
  const truth: Truth = {
    then: either(both(facts.then, a.then), both(facts.else, b.then)),
    else: either(both(facts.then, a.else), both(facts.else, b.else)),
  };
  if (types === null) {
    return { kind: "mixed", types: typesOf(then, otherwise), test: ifElse(test, a.test, b.test, span), truth };
  }
  if (types === "nothing") return then;
  const [left, right] = types;
  return scalar(ifElse(test, left.expression, right.expression, span), {
    null: left.null || right.null,
    undefined: left.undefined || right.undefined,
    ...(left.expression.type.js === "boolean" ? { truth } : {}),
    ...uncheckedOf(left, right),
  });
}

/** `(test ? a : b).member` is `test ? a.member : b.member`; one of them may be undefined. */
function chooseRecord(test: Expression, then: Value, otherwise: Value, span: SourceSpan): Value | null {
  const never = literal(false, "boolean", span);
  const isUndefined = (value: Value) => value.kind === "nothing" && value.value === undefined;
  if (then.kind === "record" && isUndefined(otherwise)) return { ...then, absent: ifElse(test, then.absent ?? never, not(never, span), span) };
  if (otherwise.kind === "record" && isUndefined(then)) return { ...otherwise, absent: ifElse(test, not(never, span), otherwise.absent ?? never, span) };
  if (then.kind !== "record" || otherwise.kind !== "record") return null;
  const absent = then.absent || otherwise.absent ? { absent: ifElse(test, then.absent ?? never, otherwise.absent ?? never, span) } : {};
  const names = then.names && otherwise.names ? then.names.filter((name) => otherwise.names!.includes(name)) : null;
  const member: Fields["member"] = (name, at) => {
    const [a, b] = [then.member(name, at), otherwise.member(name, at)];
    return a && b && choose(test, a, b, span);
  };
  return { kind: "record", names, member, ...absent };
}

/** A branch that is always taken, with the type tsc gives to both. */
function known(test: Expression, taken: Value, then: Value, otherwise: Value): Value {
  const types = unify(then, otherwise, test.span);
  if (taken.kind !== "scalar" || types === null || types === "nothing") return taken;
  return { ...taken, null: types[0].null || types[1].null, undefined: types[0].undefined || types[1].undefined };
}

export function ifElse(test: Expression, then: Expression, otherwise: Expression, span: SourceSpan): Expression {
  // `if (c) return true; return false` is c itself.
  if (then.kind === "literal" && then.value === true && otherwise.kind === "literal" && otherwise.value === false) return test;
  if (then.kind === "literal" && then.value === false && otherwise.kind === "literal" && otherwise.value === true) return not(test, span);
  if (isBoolean(then) && isBoolean(otherwise)) {
    if (then.kind === "literal") return logic(then.value ? "or" : "and", then.value ? test : not(test, span), otherwise, span);
    if (otherwise.kind === "literal") return logic(otherwise.value ? "or" : "and", otherwise.value ? not(test, span) : test, then, span);
  }
  const type = eitherType(then.type, otherwise.type);
  return { kind: "if", test, then, else: otherwise, type, span };
}

const isBoolean = (e: Expression) => e.type.js === "boolean" && !e.type.nullable;

function logic(kind: "and" | "or", left: Expression, right: Expression, span: SourceSpan): Expression {
  return { kind, left, right, type: { js: "boolean", nullable: false }, span };
}

/** `present`, or `absent` where `e` is null. */
export function orIfNull(e: Expression, absent: Expression, present: Expression): Expression {
  const type = { js: present.type.js, nullable: false };
  return { kind: "if", test: call("isNull", [e], "boolean", e.span), then: absent, else: { ...present, type } as Expression, type, span: e.span };
}

/** Two values as scalars of one type; null where they have none. */
export function unify(a: Value, b: Value, span: SourceSpan): readonly [Scalar, Scalar] | "nothing" | null {
  if (a.kind === "nothing" && b.kind === "nothing") return "nothing";
  // An array that is written out is of the other's type where it is empty.
  const [x, y] = [a, b].map((value) => (value.kind === "scalar" ? value : (listColumn(value, span) ?? objectColumn(value, span))));
  const js = (x ?? y)?.expression.type.js;
  if (js === undefined) return null;
  const [left, right] = [toScalar(a, js, span), toScalar(b, js, span)];
  return left && right ? [left, right] : null;
}

/** The value as a scalar of that type; null when it is of another. */
export function toScalar(value: Value, js: Expression["type"]["js"], span: SourceSpan): Scalar | null {
  if (isList(js) && value.kind !== "nothing") {
    const list = listColumn(value, span, elementOf(js));
    return list && isSameJs(list.expression.type.js, js) ? list : null;
  }
  if (value.kind === "record") {
    const object = objectColumn(value, span, js);
    return object && isSameJs(object.expression.type.js, js) ? object : null;
  }
  if (value.kind === "scalar") return isSameJs(value.expression.type.js, js) ? value : null;
  if (value.kind !== "nothing") return null;
  return scalar(literal(null, js, value.span), { null: value.value === null, undefined: value.value === undefined });
}
