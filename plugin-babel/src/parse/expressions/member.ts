/** `d.fare`, `d["fare"]`, `s.length`, `LIMITS.high`, `list[0]`. */
import type * as t from "@babel/types";
import { misspeltColumn } from "../../diagnostics/misspelt-column.ts";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { rowFunctionWrites } from "../../diagnostics/row-function-writes.ts";
import { unknownProperty } from "../../diagnostics/unknown-property.ts";
import { methodNames } from "../../functions/index.ts";
import { isList, isObject, mayBeNull, type SourceSpan } from "../../ir/types.ts";
import { readExpression, unsupported } from "./expression.ts";
import { valuesMember } from "./captured-lists.ts";
import { foreignMember } from "./foreign.ts";
import type { Frame } from "./frame.ts";
import { namespaceMember } from "./globals.ts";
import { absence } from "./operators.ts";
import { listColumn, listItem, listMember as listColumnMember } from "./list-column.ts";
import { indexList, listMember } from "./lists.ts";
import { lookUp } from "./records.ts";
import { objectMember } from "./object-column.ts";
import { partAt, partCount } from "./text-parts.ts";
import { builtinMembers } from "./builtins.ts";
import { call, describe, literal, narrow, plain, required, scalar, unknown, type Scalar, type Value } from "./value.ts";

type Member = t.MemberExpression | t.OptionalMemberExpression;

export function readMember(node: t.MemberExpression, frame: Frame): Value {
  if (changesInstance(node, "get", frame)) frame.state.report(rowFunctionWrites(frame.text(node.object), frame.span(node), "value"));
  return readProperty(readExpression(node.object, frame), node, frame);
}

/** `counter.next()` of an instance that lives outside the row function; null: what the method does is not known. */
export function changesInstance(node: Member, by: "method" | "get", frame: Frame): boolean | null {
  const { object } = node;
  const name = memberName(node, frame);
  if (object.type !== "Identifier" || frame.names.has(object.name) || name === null) return null;
  const binding = frame.scope.resolve(object.name, object);
  return binding.kind === "opaque" ? (binding.changes?.(name, by) ?? null) : null;
}

/** The name after the dot, or in brackets when it is a known text; null when it is computed. */
export function memberName(node: Member, frame: Frame): string | null {
  if (!node.computed) return node.property.type === "PrivateName" ? node.property.id.name : (node.property as t.Identifier).name;
  const { property } = node;
  if (property.type === "StringLiteral") return property.value;
  if (property.type === "NumericLiteral") return null;
  const key = property.type === "Identifier" ? readExpression(property, frame) : null;
  return key?.kind === "scalar" && key.expression.kind === "literal" && typeof key.expression.value === "string" ? key.expression.value : null;
}

export function readProperty(object: Value, node: Member, frame: Frame): Value {
  const name = memberName(node, frame);
  if (name !== null) return property(object, name, node, frame);
  if (object.kind === "row" && node.property.type === "NumericLiteral") return property(object, String(node.property.value), node, frame);
  const key = readExpression(node.property, frame);
  if (object.kind === "values") return valuesMember(object, "[]", node, frame);
  if (object.kind === "parts") return partAt(object, key, node, frame) ?? listItem(listColumn(object, frame.span(node.object))!, key, node, frame);
  if (object.kind === "any") return foreignMember(object.of, "[]", frame.span(node));
  if (key.kind === "any") return unknown;
  if (object.kind === "list" && !object.set) return indexList(object.items, key, node, frame);
  if (object.kind === "record" && object.names) return lookUp(object, object.names, key, node, frame);
  if (object.kind === "row") {
    frame.state.environment.params[object.param]?.forEach((column) => frame.state.columns.add(column.name));
    return unsupported(node, "a column chosen by a computed name has no native form", null, frame);
  }
  if (object.kind === "scalar" && isList(object.expression.type.js)) return listItem(required(object), key, node, frame);
  if (object.kind === "scalar" && object.expression.type.js === "string") return characterAt(object, key, node, frame);
  return unsupported(node, "a computed property has no native form", null, frame);
}

/** `text[0]`: undefined past the end, which tsc does not say. */
function characterAt(text: Scalar, key: Value, node: Member, frame: Frame): Value {
  if (!requireObject(text, node, frame)) return unknown;
  const index = key.kind === "scalar" && key.expression.kind === "literal" ? key.expression : null;
  if (!index || typeof index.value !== "number" || !Number.isInteger(index.value) || index.value < 0) {
    return unsupported(node, "a character at a computed place has no native form", plain("string"), frame);
  }
  return scalar(call("string.at", [text.expression, index], "string", frame.span(node), true), { null: false, unchecked: true });
}

/** A property by its name, not called. */
export function property(object: Value, name: string, node: Member, frame: Frame): Value {
  const span = frame.span(node);
  switch (object.kind) {
    case "any":
      return foreignMember(object.of, name, span);
    case "values":
      return valuesMember(object, name, node, frame);
    case "parts":
      return name === "length" ? partCount(object, node, frame) : listColumnMember(listColumn(object, span)!, name, node, frame);
    case "pattern":
      frame.state.needsScript("regular expressions run in V8");
      return foreignMember("RegExp", name, span);
    case "row":
      return column(object.param, name, node, frame);
    case "namespace": {
      const member = namespaceMember(object.name, name, span, frame);
      if (member === null) return noProperty(object, name, node, [], frame);
      return member;
    }
    case "record":
      if (object.absent && isSaidToBeThere(node.object)) {
        frame.state.needsScript(`'${frame.text(node.object)}' may be undefined`);
      } else if (object.absent) {
        frame.state.typeError(possiblyNull(frame.text(node.object), "undefined", frame.span(node.object), "property", dot(node, frame)));
        return unknown;
      }
      return object.member(name, node) ?? noProperty(object, name, node, object.names ?? [], frame);
    case "list":
      return listMember(object, name, node, frame);
    case "nothing":
      if (isSaidToBeThere(node.object)) return unsupported(node, `'${frame.text(node.object)}' may be ${object.value}`, null, frame);
      frame.state.typeError(possiblyNull(frame.text(node.object), object.value === null ? "null" : "undefined", frame.span(node.object), "property"));
      return unknown;
    case "scalar":
      return (isList(object.expression.type.js) ? listColumnMember : isObject(object.expression.type.js) ? objectMember : scalarProperty)(required(object), name, node, frame);
    case "helper":
    case "mixed":
      if (object.kind === "mixed") requirePresent(object, node, frame);
      return unsupported(node, "a property of this value has no native form", null, frame);
  }
}

/** `x!` and `x as T`: tsc takes the author's word, and JavaScript throws where it is wrong. */
function isSaidToBeThere(node: t.Node): boolean {
  if (node.type === "ParenthesizedExpression") return isSaidToBeThere(node.expression);
  return node.type === "TSNonNullExpression" || node.type === "TSAsExpression" || node.type === "TSTypeAssertion";
}

function scalarProperty(object: Scalar, name: string, node: Member, frame: Frame): Value {
  if (!requireObject(object, node, frame)) return unknown;
  const { js } = object.expression.type;
  if (js === "string" && name === "length") {
    const { expression } = object;
    if (expression.kind === "literal") return scalar(literal(String(expression.value).length, "number", frame.span(node)));
    return scalar(call("string.length", [expression], "number", frame.span(node)));
  }
  if (builtinMembers(js).has(name)) return unsupported(node, `a method that is not called (${name}) has no native form`, null, frame);
  return noProperty(object, name, node, [...methodNames(js), ...builtinMembers(js)], frame, false);
}

function column(param: number, name: string, node: Member, frame: Frame): Value {
  const write = node.computed === true ? JSON.stringify : (text: string) => text;
  return readColumn(param, name, node, propertySpan(node, frame), frame, write) ?? unknown;
}

/** A column of a row parameter; null after reporting that it is not there. `write` makes the text of the fix. */
export function readColumn(param: number, name: string, node: t.Node, at: SourceSpan, frame: Frame, write: (name: string) => string): Value | null {
  const { environment, columns } = frame.state;
  const row = environment.params[param] ?? [];
  const found = row.find((c) => c.name === name);
  if (!found) {
    const diagnostic = misspeltColumn(name, at, row, environment.origin?.(name, param));
    const edit = diagnostic.fix?.edits[0];
    const fixed = edit ? { ...diagnostic, fix: { ...diagnostic.fix!, edits: [{ ...edit, text: write(JSON.parse(edit.text) as string) }] } } : diagnostic;
    frame.state.report(fixed);
    return null;
  }
  columns.add(name);
  const { unsure: _, ...known } = found.type;
  const type = { ...known, nullable: mayBeNull(found.type) };
  const value = scalar({ kind: "column", name, ...(param === 1 && { second: true as const }), type, span: frame.span(node) }, { null: found.type.nullable, place: `row ${param} ${name}` });
  return narrow(value, frame.flow.facts);
}

/** Reports a receiver that may be null. */
export function requireObject(object: Scalar, node: Member, frame: Frame): boolean {
  if (object.null || object.undefined) {
    frame.state.typeError(possiblyNull(frame.text(node.object), absence(object), frame.span(node.object), "property", dot(node, frame)));
    return false;
  }
  if (object.unchecked) frame.state.needsScript(`'${frame.text(node.object)}' may be undefined`);
  return true;
}

/** Of several types, one of which may be null. */
function requirePresent({ types }: Extract<Value, { kind: "mixed" }>, node: Member, frame: Frame): void {
  const absent = (["null", "undefined"] as const).filter((type) => types.includes(type));
  if (absent.length === 0) return;
  const what = absent.length === 2 ? "null or undefined" : absent[0]!;
  frame.state.typeError(possiblyNull(frame.text(node.object), what, frame.span(node.object), "property", dot(node, frame)));
}

export function noProperty(object: Value, name: string, node: Member, known: readonly string[], frame: Frame, isCalled = true): Value {
  frame.state.typeError(unknownProperty(name, describe(object), propertySpan(node, frame), known, isCalled));
  return unknown;
}

export const propertySpan = (node: Member, frame: Frame): SourceSpan => frame.span(node.property);

/** The dot, to be replaced by `?.`; before brackets nothing. */
function dot(node: Member, frame: Frame): SourceSpan {
  const [object, prop] = [frame.span(node.object), frame.span(node.property)];
  const start = { file: object.file, line: object.endLine, column: object.endColumn };
  return node.computed ? { ...start, endLine: start.line, endColumn: start.column } : { ...start, endLine: prop.line, endColumn: prop.column };
}
