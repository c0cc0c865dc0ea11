/** `&&`, `||`, `??` and `?:`: the right side sees what the left side's outcome tells. */
import type * as t from "@babel/types";
import type { Expression } from "../../ir/expression.ts";
import { eitherType, isNested, type JsType, type SourceSpan } from "../../ir/types.ts";
import { checkNullishness, checkTruthiness } from "./decided.ts";
import { both, either, type Truth } from "./facts.ts";
import { readExpression } from "./expression.ts";
import { close, type Frame } from "./frame.ts";
import { choose, ifElse, not, toScalar, toTest, type Test } from "./truth.ts";
import { call, literal, optional, scalar, typesOf, uncheckedOf, unknown, type Value } from "./value.ts";

export function readLogical(node: t.LogicalExpression, frame: Frame): Value {
  if (node.operator === "??") checkNullishness(node.left, frame);
  else checkTruthiness(node.left, frame);
  const left = readExpression(node.left, frame);
  return logical(node.operator, [left, node.left], (branch) => readExpression(node.right, branch), frame.span(node), frame);
}

/** `right` is read where the left side's outcome holds. */
export function logical(
  operator: "&&" | "||" | "??",
  [left, node]: readonly [Value, t.Node],
  right: (branch: Frame) => Value,
  span: SourceSpan,
  frame: Frame,
): Value {
  const test = toTest(left, frame.span(node));
  const branch = frame.branch(operator === "&&" ? test.then : operator === "||" ? test.else : new Set());
  const other = close(branch.flow, right(branch));
  if (left.kind === "any" || other.kind === "any") return unknown;
  return operator === "&&" ? and(left, test, other, span) : operator === "||" ? or(left, test, other, span) : nullish(left, other, span);
}

function and(left: Value, test: Test, right: Value, span: SourceSpan): Value {
  const second = toTest(right, span);
  const truth: Truth = { then: both(test.then, second.then), else: either(test.else, both(test.then, second.else)) };
  if (left.kind === "nothing") return left;
  if (left.kind === "scalar" && left.expression.kind === "literal") return left.expression.value ? right : left;
  if (left.kind !== "scalar" && left.kind !== "mixed") return right;
  const tested: Expression = { kind: "and", left: test.test, right: second.test, type: { js: "boolean", nullable: false }, span };
  const types = left.kind === "scalar" && isObject(left.expression.type.js) ? typesOf(right) : typesOf(left, right);
  const mixed: Value = { kind: "mixed", types, test: tested, truth };
  if (left.kind === "mixed") return mixed;
  const js = left.expression.type.js;
  // A Date or an array is falsy only when absent, so the result has the type of the right side.
  if (isObject(js) && right.kind === "scalar") {
    const absent = scalar(literal(null, right.expression.type.js, span), { null: left.null, undefined: left.undefined });
    const chosen = left.expression.type.nullable ? choose(test.test, right, absent, span, test) : right;
    return chosen.kind === "scalar" ? { ...chosen, truth } : chosen;
  }
  const b = toScalar(right, js, span);
  if (!b) return mixed;
  if (js === "boolean" && !left.expression.type.nullable && !b.expression.type.nullable) return scalar(tested, { truth });
  return scalar(pair("and", left.expression, b.expression, left.expression.type.nullable || b.expression.type.nullable, span), {
    null: left.null || b.null,
    undefined: left.undefined || b.undefined,
    truth,
    ...uncheckedOf(b),
  });
}

function or(left: Value, test: Test, right: Value, span: SourceSpan): Value {
  const second = toTest(right, span);
  const truth: Truth = { then: either(test.then, both(test.else, second.then)), else: both(test.else, second.else) };
  if (left.kind === "nothing") return right;
  if (left.kind === "scalar" && left.expression.kind === "literal") return left.expression.value ? left : right;
  if (left.kind !== "scalar" && left.kind !== "mixed") return left;
  const b = left.kind === "scalar" ? toScalar(right, left.expression.type.js, span) : null;
  if (left.kind === "mixed" || !b) {
    const tested: Expression = { kind: "or", left: test.test, right: second.test, type: { js: "boolean", nullable: false }, span };
    const given = typesOf(right);
    const types = typesOf(left, right).filter((type) => (type !== "null" && type !== "undefined") || given.includes(type));
    return { kind: "mixed", types, test: tested, truth };
  }
  return scalar(pair("or", left.expression, b.expression, b.expression.type.nullable, span), {
    null: b.null,
    undefined: b.undefined,
    truth,
    ...uncheckedOf(b),
  });
}

function nullish(left: Value, right: Value, span: SourceSpan): Value {
  if (left.kind === "nothing") return right;
  if (left.kind !== "scalar" || left.expression.kind === "literal") return left;
  if (left.required) return nullish(optional(left), right, span);
  const b = toScalar(right, left.expression.type.js, span);
  if (!b) {
    const isNull = call("isNull", [left.expression], "boolean", span);
    const present: Value = { ...left, null: false, undefined: false };
    return left.expression.type.nullable ? choose(not(isNull, span), present, right, span) : left;
  }
  // `x ?? null` only turns undefined into null, which a table does anyway.
  const expression = right.kind === "nothing" ? left.expression : fallBack(left.expression, b.expression, span);
  const admits = left.null || left.undefined || left.unchecked === true;
  const unsaid = !admits && b.undefined && left.expression.type.nullable;
  return scalar(expression, { null: admits && b.null, undefined: admits && b.undefined, ...uncheckedOf(unsaid ? { ...b, unchecked: true } : b) });
}

/** A chain's `null` gives way to the default at once: `isNull(s) ? "" : string.trim(s)`. */
function fallBack(left: Expression, right: Expression, span: SourceSpan): Expression {
  if (left.kind === "if" && left.then.kind === "literal" && left.then.value === null && !left.else.type.nullable) return ifElse(left.test, right, left.else, span);
  return pair("nullish", left, right, right.type.nullable, span);
}

function pair(kind: "and" | "or" | "nullish", left: Expression, right: Expression, nullable: boolean, span: SourceSpan): Expression {
  return { kind, left, right, type: { ...eitherType(left.type, right.type), nullable }, span };
}

const isObject = (js: JsType): boolean => js === "date" || isNested(js);

export function readConditional(node: t.ConditionalExpression, frame: Frame): Value {
  checkTruthiness(node.test, frame);
  const test = toTest(readExpression(node.test, frame), frame.span(node.test));
  const [then, otherwise] = [frame.branch(test.then), frame.branch(test.else)];
  const a = close(then.flow, readExpression(node.consequent, then));
  const b = close(otherwise.flow, readExpression(node.alternate, otherwise));
  return choose(test.test, a, b, frame.span(node), test);
}

