/** `!x`, `-x`, `+x`, `~x`, `typeof x`, `void x`. */
import type * as t from "@babel/types";
import { rowFunctionWrites } from "../../diagnostics/row-function-writes.ts";
import { wrongOperands } from "../../diagnostics/wrong-operands.ts";
import { fold } from "../../functions/fold.ts";
import { isNested, type JsType } from "../../ir/types.ts";
import { toNumber } from "./conversions.ts";
import { checkTruthiness } from "./decided.ts";
import { readExpression, unsupported } from "./expression.ts";
import { negate } from "./facts.ts";
import type { Frame } from "./frame.ts";
import { comparable } from "./operators.ts";
import { not, orIfNull, toTest } from "./truth.ts";
import { absences, call, capturedAs, describe, isAsserted, literal, opaque, plain, scalar, type Value } from "./value.ts";

export function readUnary(node: t.UnaryExpression, frame: Frame): Value {
  const span = frame.span(node);
  switch (node.operator) {
    case "!": {
      checkTruthiness(node.argument, frame);
      const { test, ...truth } = toTest(readExpression(node.argument, frame), frame.span(node.argument));
      return scalar(not(test, span), { truth: negate(truth) });
    }
    case "void":
      readExpression(node.argument, frame);
      return { kind: "nothing", value: undefined, span };
    case "typeof":
      return readTypeof(node, frame);
    case "-":
    case "+":
    case "~":
      return sign(node.operator, readExpression(node.argument, frame), node, frame);
    case "delete":
      frame.state.report(rowFunctionWrites(frame.text(node.argument), span, "value"));
      return opaque(plain("boolean"), span);
    case "throw":
      return unsupported(node, "throw runs in V8", null, frame);
  }
}

function sign(operator: "-" | "+" | "~", value: Value, node: t.UnaryExpression, frame: Frame): Value {
  const span = frame.span(node);
  const operand = comparable(value, node.argument, frame);
  if (operand === "any") return opaque(plain("number"), span);
  const js = operand?.expression.type.js;
  if (js !== undefined && isNested(js)) return unsupported(node, `'${operator}' of an array or object runs in V8`, plain("number"), frame);
  if (!operand || (operator === "+" && js === "bigint")) {
    frame.state.typeError(wrongOperands(operator, [describe(value)], span, js === "bigint" ? "convert with Number(…)" : undefined));
    return opaque(plain("number"), span);
  }
  if (js === "bigint") {
    if (operator === "~") return unsupported(node, "'~' of bigints runs in V8", plain("bigint"), frame);
    return scalar(fold(call("neg", [operand.expression], "bigint", span)));
  }
  if (operator === "+" && value.kind === "scalar" && value.expression.kind === "captured" && isAsserted(value)) return scalar(capturedAs("number", value.expression, "number"));
  const number = toNumber(operand.expression, span);
  if (operator === "+") return scalar(number);
  return scalar(fold(call(operator === "-" ? "neg" : "bit.not", [number], "number", span)));
}

const typeName = (js: JsType): string => (js === "date" || isNested(js) ? "object" : js);

function readTypeof(node: t.UnaryExpression, frame: Frame): Value {
  const span = frame.span(node);
  const value = readExpression(node.argument, frame);
  const text = (type: string) => literal(type, "string", span);
  if (value.kind === "nothing") return scalar(text(value.value === null ? "object" : "undefined"));
  if (value.kind !== "scalar" || (absences(value).null && absences(value).undefined)) return unsupported(node, "typeof of this value runs in V8", plain("string"), frame);
  if (value.expression.kind === "captured" && isAsserted(value)) return scalar(capturedAs("typeof", value.expression, "string"));
  const present = text(typeName(value.expression.type.js));
  const absent = absences(value);
  if (!absent.null && !absent.undefined) return scalar(present);
  const name = orIfNull(value.expression, text(absent.null ? "object" : "undefined"), present);
  return scalar(name, value.place === undefined ? {} : { typeOf: value.place });
}
