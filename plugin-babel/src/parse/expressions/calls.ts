/** Calls: of methods, of JavaScript's functions, of helpers, and `new`. */
import type * as t from "@babel/types";
import { rowFunctionWrites } from "../../diagnostics/row-function-writes.ts";
import { wrongArguments } from "../../diagnostics/wrong-arguments.ts";
import { functionNamed, scalarFunctions } from "../../functions/index.ts";
import { isList, isObject } from "../../ir/types.ts";
import { changedBy, rootOf } from "../../source/writes.ts";
import { apply, type Argument } from "./apply.ts";
import { callValues } from "./captured-lists.ts";
import { readExpression, unsupported } from "./expression.ts";
import { foreignMember, foreignResult } from "./foreign.ts";
import type { Frame } from "./frame.ts";
import { impurity } from "./globals.ts";
import { inline } from "./inline.ts";
import { callListColumn, listColumn } from "./list-column.ts";
import { callList } from "./lists.ts";
import { changesInstance, memberName, property, readProperty } from "./member.ts";
import { callMethod } from "./methods.ts";
import { survey } from "./survey.ts";
import { partAt } from "./text-parts.ts";
import { testPattern } from "./text-pattern.ts";
import { callOp } from "./arquero-op.ts";
import { required, unknown, type Value } from "./value.ts";

export type Call = t.CallExpression | t.OptionalCallExpression;

export function readCall(node: t.CallExpression, frame: Frame): Value {
  const callee = bare(node.callee);
  if (callee.type !== "MemberExpression") return callValue(readExpression(callee, frame), node, frame);
  // The type of `state.seen` does not matter where it is changed.
  if (bare(callee.object).type === "MemberExpression" && reportChange(unknown, callee, node, frame)) return unknown;
  const object = readExpression(callee.object, frame);
  const name = memberName(callee, frame);
  return name === null ? callValue(readProperty(object, callee, frame), node, frame) : callMember(object, name, callee, node, frame);
}

/** Without parentheses and types. */
function bare(node: t.Node): t.Node {
  return node.type === "ParenthesizedExpression" || node.type === "TSNonNullExpression" || node.type === "TSInstantiationExpression" ? bare(node.expression) : node;
}

/** `object.name(…)` */
export function callMember(object: Value, name: string, callee: t.MemberExpression | t.OptionalMemberExpression, node: Call, frame: Frame): Value {
  if (reportChange(object, callee, node, frame)) return unknown;
  switch (object.kind) {
    case "scalar":
      if (isObject(object.expression.type.js)) return callValue(property(object, name, callee, frame), node, frame);
      return (isList(object.expression.type.js) ? callListColumn : callMethod)(required(object), name, callee, node, frame);
    case "list":
      return callList(object, name, callee, node, frame);
    case "namespace":
      if (object.name === "op") return callOp(name, callee, node, frame);
      return callValue(property(object, name, callee, frame), node, frame);
    case "pattern": {
      const [subject] = name === "test" ? (readArguments(node.arguments, frame) ?? []) : [];
      if (subject?.value.kind === "scalar") return testPattern(object.pattern, subject.value, subject.node, node, frame);
      survey(node, frame);
      frame.state.needsScript("regular expressions run in V8");
      return foreignMember("RegExp", name, frame.span(node));
    }
    case "values":
      return callValues(object, name, node, frame);
    case "parts": {
      const args = readArguments(node.arguments, frame);
      const part = name === "at" && args?.length === 1 ? partAt(object, args[0]!.value, node, frame) : null;
      return part ? { ...part, undefined: true, unchecked: false } : callListColumn(listColumn(object, frame.span(callee.object))!, name, callee, node, frame);
    }
    case "any":
      survey(node, frame);
      return foreignMember(object.of, name, frame.span(node));
    default: {
      const member = property(object, name, callee, frame);
      if (member.kind !== "any" || member.of === undefined) return callValue(member, node, frame);
      survey(node, frame);
      return foreignMember(member.of, name, frame.span(node));
    }
  }
}

/** `/a/g` kept outside of the row function begins each test where the row before ended. */
function movesOn({ object, ...callee }: t.MemberExpression | t.OptionalMemberExpression, frame: Frame): boolean {
  if (object.type !== "Identifier" || frame.names.has(object.name) || callee.property.type !== "Identifier" || !/^(test|exec)$/.test(callee.property.name)) return false;
  const binding = frame.scope.resolve(object.name, object);
  return binding.kind === "opaque" && binding.stateful === true;
}

function reportChange(object: Value, callee: t.MemberExpression | t.OptionalMemberExpression, node: Call, frame: Frame): boolean {
  if (movesOn(callee, frame)) {
    frame.state.report(rowFunctionWrites(frame.text(callee.object), frame.span(node), "pattern"));
    return true;
  }
  const own = changesInstance(callee, "method", frame);
  const changed = own === null ? changedBy(node) : own ? callee.object : null;
  const written = changed && (own ? "value" : changesOutside(object, changed, callee, frame));
  if (written) frame.state.report(rowFunctionWrites(frame.text(changed), frame.span(node), written));
  return written !== null;
}

/** `seen.push(d.id)` of an array, Map or Set that lives outside the row function, `Object.assign(d, …)`; null for what is its own. */
function changesOutside(object: Value, changed: t.Node, callee: t.MemberExpression | t.OptionalMemberExpression, frame: Frame): "row" | "value" | null {
  const root = rootOf(changed);
  if (!root) return null;
  const variable = frame.names.get(root.name);
  if (variable) return frame.flow.current.get(variable)?.kind === "row" && changed !== callee.object ? "row" : null;
  const isMethod = changed === callee.object;
  // A text or number has none of these methods, and a package's `add(1, 2)` is a function of its arguments.
  if (isMethod && (object.kind === "namespace" || (object.kind === "scalar" && object.expression.type.js !== null))) return null;
  const binding = frame.scope.resolve(root.name, root);
  const { kind } = isMethod && changed === root && binding.kind === "record" ? binding.member(memberName(callee, frame) ?? "") : binding;
  return isMethod && (kind === "import" || kind === "function" || kind === "global") ? null : "value";
}

export function callValue(callee: Value, node: Call, frame: Frame): Value {
  switch (callee.kind) {
    case "helper": {
      const args = readArguments(node.arguments, frame);
      return args === null ? unsupported(node, "spread has no native form", null, frame) : inline(callee, args, node, frame);
    }
    case "namespace": {
      if (callee.name === "Date") return impurity("Date()", frame.span(node), "take the time into a const before the verb: const now = new Date()", frame);
      const fn = functionNamed(callee.name);
      const args = fn && readArguments(node.arguments, frame);
      if (!fn || !args) return unsupported(node, `this call of ${callee.name} has no native form`, foreignResult(callee.name) ?? null, frame);
      return apply(fn, null, args, node, frame);
    }
    case "any":
      survey(node, frame);
      return unknown;
    default:
      frame.state.typeError(wrongArguments(`'${frame.text(node.callee)}' is not a function`, frame.span(node.callee), "leave the parentheses out"));
      return unknown;
  }
}

/** Null: a spread whose length is not known. */
export function readArguments(nodes: readonly t.Node[], frame: Frame): Argument[] | null {
  const args: Argument[] = [];
  let known = true;
  for (const node of nodes) {
    if (node.type !== "SpreadElement") {
      args.push({ value: readExpression(node, frame), node });
      continue;
    }
    const spread = readExpression(node.argument, frame);
    if (spread.kind === "list") args.push(...spread.items.map((value) => ({ value, node: node.argument })));
    else known = false;
  }
  return known ? args : null;
}

export function readNew(node: t.NewExpression, frame: Frame): Value {
  const callee = node.callee.type === "Identifier" ? readExpression(node.callee, frame) : unknown;
  if (callee.kind === "namespace" && callee.name === "Date") {
    if (node.arguments.length === 0) return impurity("new Date()", frame.span(node), "take the time into a const before the verb: const now = new Date()", frame);
    const args = readArguments(node.arguments, frame);
    return args ? apply(scalarFunctions.get("Date")!, null, args, node, frame) : unsupported(node, "spread has no native form", null, frame);
  }
  if (callee.kind === "namespace" && callee.name === "Set" && node.arguments.length === 1) {
    const items = readExpression(node.arguments[0]!, frame);
    if (items.kind === "list") return { ...items, set: true };
  }
  unsupported(node, `new ${frame.text(node.callee)} runs in V8`, null, frame);
  return node.callee.type === "Identifier" && node.callee.name === "RegExp" ? { kind: "any", of: "RegExp" } : unknown;
}
