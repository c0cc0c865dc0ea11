/** Binary operators and template strings, typed as tsc types them. */
import type * as t from "@babel/types";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { wrongOperands } from "../../diagnostics/wrong-operands.ts";
import { fold } from "../../functions/fold.ts";
import type { Expression } from "../../ir/expression.ts";
import { isNested } from "../../ir/types.ts";
import { equality } from "./equality.ts";
import { readExpression, unsupported } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { toText } from "./text.ts";
import { call, converted, describe, isAsserted, literal, opaque, plain, scalar, typesOf, unknown, type Scalar, type Value } from "./value.ts";

const arithmetic: Readonly<Record<string, string>> = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "%": "mod",
  "**": "pow",
  "&": "bit.and",
  "|": "bit.or",
  "^": "bit.xor",
  "<<": "bit.shl",
  ">>": "bit.shr",
  ">>>": "bit.ushr",
};
const relational: Readonly<Record<string, string>> = { "<": "lt", "<=": "le", ">": "gt", ">=": "ge" };
const equalities: ReadonlySet<string> = new Set(["==", "!=", "===", "!=="]);

export function readBinary(node: t.BinaryExpression, frame: Frame): Value {
  const { operator } = node;
  if (operator === "in") {
    const row = readExpression(node.right, frame);
    if (row.kind === "row") return columnIn(node, row.param, frame);
  }
  if (operator === "instanceof" || operator === "in" || operator === "|>") {
    return unsupported(node, `'${operator}' has no native form`, plain("boolean"), frame);
  }
  const left = readExpression(node.left, frame);
  const right = readExpression(node.right, frame);
  return binary(operator, [left, node.left], [right, node.right], node, frame);
}

/** `"fare" in d`: rows have all columns of their table, of which V8 is given those that are read. */
function columnIn(node: t.BinaryExpression, param: number, frame: Frame): Value {
  const columns = frame.state.environment.params[param] ?? [];
  if (node.left.type === "StringLiteral") return scalar(literal(columns.some(({ name }) => name === (node.left as t.StringLiteral).value), "boolean", frame.span(node)));
  for (const { name } of columns) frame.state.columns.add(name);
  return unsupported(node, "'in' has no native form", plain("boolean"), frame);
}

type Operand = readonly [Value, t.Node];

/** The operator on operands already read; `node` is the place to blame. */
export function binary(operator: string, left: Operand, right: Operand, node: t.Node, frame: Frame): Value {
  if (equalities.has(operator)) return equality(operator, left, right, node, frame);
  if (relational[operator]) return compare(operator, left, right, node, frame);
  if (operator === "+" && (isText(left[0]) || isText(right[0]))) {
    // Null and undefined make text of a text only.
    if (!isCertainText(left[0]) && !isCertainText(right[0])) frame.state.needsScript("'+' of a text that may be null adds numbers then");
    return concat([left, right], node, frame);
  }
  return compute(operator, left, right, node, frame);
}

const isText = (value: Value): value is Scalar => value.kind === "scalar" && value.expression.type.js === "string" && !value.null && !value.undefined;
/** Null and undefined, which `x!` only denies, are no texts to '+'. */
const isCertainText = (value: Value) => isText(value) && !value.expression.type.nullable;

export function readTemplate(node: t.TemplateLiteral, frame: Frame): Value {
  const parts: Operand[] = [];
  node.quasis.forEach((quasi, i) => {
    const text = quasi.value.cooked ?? "";
    if (text !== "") parts.push([scalar(literal(text, "string", frame.span(quasi))), quasi]);
    const expression = node.expressions[i];
    if (expression) parts.push([readExpression(expression, frame), expression]);
  });
  return concat(parts, node, frame);
}

/** Text of all parts, one after another. */
function concat(parts: readonly Operand[], node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const texts: Expression[] = [];
  for (const [value, part] of parts) {
    const text = toText(value, part, frame);
    if (text === null) return opaque(plain("string"), span);
    // (a + b) + c is one concatenation of three.
    if (text.kind === "call" && text.function === "concat") texts.push(...text.args);
    else texts.push(text);
  }
  return scalar(fold(call("concat", texts, "string", span)));
}

function compute(operator: string, left: Operand, right: Operand, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const a = numericOperand(left, frame);
  const b = numericOperand(right, frame);
  if (a === "any" || b === "any") return operator === "+" ? unknown : opaque(plain("number"), span);
  const types = [describe(left[0]), describe(right[0])];
  const js = a?.expression.type.js;
  if (!a || !b || js !== b.expression.type.js) {
    frame.state.typeError(wrongOperands(operator, types, span, hint(operator, left[0], right[0])));
    return opaque(plain("number"), span);
  }
  if (js === "bigint" && operator.length > 0 && arithmetic[operator]!.startsWith("bit.")) {
    return unsupported(node, `'${operator}' of bigints runs in V8`, plain("bigint"), frame);
  }
  return scalar(fold(call(arithmetic[operator]!, [a.expression, b.expression], js!, span)));
}

function hint(operator: string, left: Value, right: Value): string | undefined {
  const js = [left, right].map((value) => (value.kind === "scalar" ? value.expression.type.js : null));
  if (js.includes("date")) return js.includes("string") && /[<>]/.test(operator) ? "compare with a Date: new Date(…)" : "use getTime() for milliseconds";
  if (js.includes("boolean") && (operator === "&" || operator === "|")) return `write '${operator}${operator}'`;
  if (js.includes("string") || js.includes("boolean")) return "convert with Number(…)";
  return js.includes("bigint") ? "convert one side with Number(…) or BigInt(…)" : undefined;
}

/** A number or bigint that is not null. Null: of another type. */
function numericOperand([value, node]: Operand, frame: Frame): Scalar | "any" | null {
  if (value.kind === "any") return "any";
  if (value.kind === "nothing") {
    frame.state.typeError(possiblyNull(frame.text(node), value.value === null ? "null" : "undefined", frame.span(node), "operator"));
    return "any";
  }
  if (value.kind !== "scalar") return null;
  const { js } = value.expression.type;
  if (js !== "number" && js !== "bigint") return null;
  return requirePresent(value, node, frame) ? operandOf(value, node, frame) : "any";
}

/** A value that is there, as operators take it. */
function operandOf(value: Scalar, node: t.Node, frame: Frame): Scalar {
  const operand = converted(value);
  if (operand === null) frame.state.needsScript(`'${frame.text(node)}' may be undefined, which has no native form`);
  return operand ?? value;
}

/** Reports a value that may be null where JavaScript would take it for 0, or throw. */
export function requirePresent(value: Scalar, node: t.Node, frame: Frame, use: "operator" | "argument" = "operator"): boolean {
  if (value.null || value.undefined) {
    frame.state.typeError(possiblyNull(frame.text(node), absence(value), frame.span(node), use));
    return false;
  }
  if (value.unchecked) frame.state.needsScript(`'${frame.text(node)}' may be undefined, which has no native arithmetic`);
  return true;
}

export function absence(value: Scalar): "null" | "undefined" | "null or undefined" {
  return value.null && value.undefined ? "null or undefined" : value.null ? "null" : "undefined";
}

/** `<` and its kind: numbers and bigints with each other, else two of one type. */
function compare(operator: string, left: Operand, right: Operand, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const result = opaque(plain("boolean"), span);
  if (left[0].kind === "mixed" || right[0].kind === "mixed") {
    const [a, b] = [typesOf(left[0]), typesOf(right[0])];
    const isNumber = (types: readonly string[]) => types.every((type) => type === "number" || type === "bigint");
    const fits = isNumber(a) === isNumber(b) && a.some((type) => b.includes(type)) && !a.concat(b).some((type) => type === "null" || type === "undefined");
    if (fits) frame.state.needsScript("comparing values of several types has no native form");
    else frame.state.typeError(wrongOperands(operator, [describe(left[0]), describe(right[0])], span));
    return result;
  }
  const operands = [left, right].map(([value, side]) => comparable(value, side, frame));
  const [a, b] = operands;
  if (a === "any" || b === "any") return result;
  const js = [a?.expression.type.js, b?.expression.type.js];
  const numbers = js.every((type) => type === "number" || type === "bigint");
  if (!a || !b || (!numbers && js[0] !== js[1])) {
    const isChained = left[1].type === "BinaryExpression" && left[1].operator in relational;
    frame.state.typeError(wrongOperands(operator, [describe(left[0]), describe(right[0])], span, isChained ? "compare twice: a < b && b < c" : hint(operator, left[0], right[0])));
    return result;
  }
  if (js[0] && isNested(js[0])) return unsupported(node, "comparing arrays or objects runs in V8", plain("boolean"), frame);
  // No text is before or after undefined.
  if (js[0] === "string" && [left, right].some(([value]) => value.kind === "scalar" && !value.required && isAsserted(value))) frame.state.needsScript("a text that may be undefined is compared in V8");
  return scalar(fold(call(relational[operator]!, [a.expression, b.expression], "boolean", span)));
}

/** A value that is there, to be ordered or converted. Null: an object. */
export function comparable(value: Value, node: t.Node, frame: Frame): Scalar | "any" | null {
  if (value.kind === "any") return "any";
  if (value.kind === "mixed") {
    frame.state.needsScript("an operand of several types has no native form");
    return "any";
  }
  if (value.kind === "nothing") {
    frame.state.typeError(possiblyNull(frame.text(node), value.value === null ? "null" : "undefined", frame.span(node), "operator"));
    return "any";
  }
  if (value.kind !== "scalar") return null;
  return requirePresent(value, node, frame) ? operandOf(value, node, frame) : "any";
}
