/** Methods of strings, numbers, booleans, bigints and Dates. */
import type * as t from "@babel/types";
import { localDateGetter } from "../../diagnostics/local-date-getter.ts";
import { rowFunctionWrites } from "../../diagnostics/row-function-writes.ts";
import { methodNamed, methodNames, scalarFunctions } from "../../functions/index.ts";
import { apply } from "./apply.ts";
import { builtinMembers, builtinResult, isSetter } from "./builtins.ts";
import { readArguments, type Call } from "./calls.ts";
import { unsupported } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { noProperty, propertySpan, requireObject } from "./member.ts";
import { replaced } from "./text-pattern.ts";
import { call, opaque, plain, scalar, unknown, type Scalar, type StaticType, type Value } from "./value.ts";

type Member = t.MemberExpression | t.OptionalMemberExpression;

export function callMethod(receiver: Scalar, name: string, callee: Member, node: Call, frame: Frame): Value {
  const { js } = receiver.expression.type;
  const { state } = frame;
  const fn = name === "length" ? undefined : methodNamed(js, name);
  if (!requireObject(receiver, callee, frame)) {
    readArguments(node.arguments, frame);
    return fn ? opaque(plain(fn.result as Scalar["expression"]["type"]["js"]), frame.span(node)) : unknown;
  }
  if (node.arguments.length === 0 && (name === "toString" || name === "valueOf") && !(js === "date" && name === "toString")) return own(receiver, name, node, frame);
  if (isSetter(js, name)) return setter(receiver, name, callee, node, frame);
  const result = builtinResult(js, name);
  const onText = js === "string" ? textMethod(receiver, name, node, frame) : null;
  if (onText) return onText;
  if (!fn) return result === undefined ? noMethod(receiver, name, callee, node, frame) : foreign(result);

  function foreign(type: StaticType | null): Value {
    const value = unsupported(node, `${name} runs in V8`, type, frame);
    return name === "split" ? { kind: "any", of: "string[]" } : value;
  }
  const args = readArguments(node.arguments, frame);
  if (args === null) return unsupported(node, "spread has no native form", plain(fn.result as "string"), frame);
  // Patterns that are no strings: the method is V8's.
  if (result !== undefined && args.some((arg) => arg.value.kind === "any" || arg.value.kind === "helper" || arg.value.kind === "pattern")) {
    return unsupported(node, `${name} with this argument runs in V8`, result, frame);
  }
  if (js === "date" && /^get(?!UTC|Time)/.test(name)) state.report(localDateGetter(name, propertySpan(callee, frame)));
  return apply(fn, receiver, args, node, frame);
}

/** `split`, and `replace` with a pattern, in the forms that need no array and no regular expression. Null: any other call. */
function textMethod(receiver: Scalar, name: string, node: Call, frame: Frame): Value | null {
  if (name !== "split" && name !== "replace" && name !== "replaceAll") return null;
  const args = readArguments(node.arguments, frame);
  const [first, second, ...more] = args ?? [];
  if (!first || more.length > 0) return null;
  if (name === "split") {
    const separator = first.value.kind === "scalar" ? first.value.expression : null;
    const isPlain = separator?.kind === "literal" && typeof separator.value === "string" && separator.value !== "" && separator.value.isWellFormed();
    if (!isPlain) return null;
    if (!second) return { kind: "parts", text: receiver, separator: separator.value as string };
    const limit = second.value.kind === "scalar" && second.value.expression.kind === "literal" && typeof second.value.expression.value === "number" ? second.value.expression : null;
    return limit && scalar(call("string.split", [receiver.expression, separator, limit], "string[]", frame.span(node)));
  }
  const pattern = first.value.kind === "pattern" ? replaced(first.value.pattern, first.node, frame) : null;
  if (!pattern || !second || second.value.kind !== "scalar" || (name === "replaceAll" && !pattern.all)) return null;
  const fn = scalarFunctions.get(pattern.all ? "string.replaceAll" : "string.replace")!;
  return apply(fn, receiver, [{ value: pattern.text, node: first.node }, second], node, frame);
}

/** `x.toString()` and `x.valueOf()` of what has nothing to convert by. */
function own(receiver: Scalar, name: string, node: Call, frame: Frame): Value {
  const { expression } = receiver;
  const span = frame.span(node);
  if (name === "valueOf") return expression.type.js === "date" ? apply(scalarFunctions.get("date.getTime")!, receiver, [], node, frame) : receiver;
  return expression.type.js === "string" ? receiver : scalar(call("String", [expression], "string", span));
}

function setter(receiver: Scalar, name: string, callee: Member, node: Call, frame: Frame): Value {
  const { kind } = receiver.expression;
  if (kind !== "column" && kind !== "captured") return unsupported(node, `${name} changes a Date in place: make a new one, new Date(Date.UTC(…))`, plain("number"), frame);
  frame.state.report(rowFunctionWrites(frame.text(callee.object), frame.span(node), kind === "column" ? "row" : "value"));
  return opaque(plain("number"), frame.span(node));
}

function noMethod(receiver: Scalar, name: string, callee: Member, node: Call, frame: Frame): Value {
  const { js } = receiver.expression.type;
  readArguments(node.arguments, frame);
  return noProperty(receiver, name, callee, [...methodNames(js), ...builtinMembers(js)], frame);
}
