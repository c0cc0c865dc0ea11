/** Binding names: parameters and declarations, with destructuring of rows, object literals and arrays. */
import type * as t from "@babel/types";
import { unknownProperty } from "../../diagnostics/unknown-property.ts";
import { isObject } from "../../ir/types.ts";
import { unsupported } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { withDefault } from "./inline.ts";
import { readColumn } from "./member.ts";
import { annotation } from "./static-type.ts";
import { annotated } from "./annotated.ts";
import { memberOf } from "./object-column.ts";
import { partAt } from "./text-parts.ts";
import { describe, literal, required, scalar, unknown, type Value } from "./value.ts";

export function bindPattern(pattern: t.Node, value: Value, frame: Frame, constant = false): void {
  switch (pattern.type) {
    case "Identifier": {
      const declared = annotation(pattern.typeAnnotation, frame.scope);
      frame.declare(pattern.name, value.kind === "any" && declared ? annotated(value, declared, frame.span(pattern)) : value, { constant, declared });
      return;
    }
    case "AssignmentPattern":
      return bindPattern(pattern.left, withDefault(value, pattern.right, frame), frame, constant);
    case "ObjectPattern":
      return bindObject(pattern, value, frame, constant);
    case "ArrayPattern":
      return pattern.elements.forEach((element, i) => {
        if (element?.type === "RestElement") bindPattern(element.argument, tail(value, i, element, frame), frame, constant);
        else if (element) bindPattern(element, item(value, i, element, frame), frame, constant);
      });
    default:
      unsupported(pattern, "this pattern has no native form", null, frame);
  }
}

function tail(value: Value, from: number, node: t.Node, frame: Frame): Value {
  return value.kind === "list" && !value.set ? { ...value, items: value.items.slice(from) } : noForm(node, frame);
}

function item(value: Value, i: number, node: t.Node, frame: Frame): Value {
  if (value.kind === "parts") {
    const index = scalar(literal(i, "number", frame.span(node)));
    return partAt(value, index, node, frame) ?? noForm(node, frame);
  }
  if (value.kind !== "list" || value.set) return noForm(node, frame);
  return value.items[i] ?? { kind: "nothing", value: undefined, span: frame.span(node) };
}

function bindObject(pattern: t.ObjectPattern, value: Value, frame: Frame, constant: boolean): void {
  for (const property of pattern.properties) {
    if (property.type === "RestElement") {
      if (value.kind === "row") frame.state.environment.params[value.param]?.forEach((column) => frame.state.columns.add(column.name));
      bindPattern(property.argument, noForm(property, frame), frame, constant);
      continue;
    }
    const { key } = property;
    const name = key.type === "StringLiteral" ? key.value : key.type === "Identifier" && !property.computed ? key.name : null;
    bindPattern(property.value, name === null ? noForm(property, frame) : member(value, name, property, frame), frame, constant);
  }
}

function member(value: Value, name: string, property: t.ObjectProperty, frame: Frame): Value {
  if (value.kind === "any") return unknown;
  if (value.kind === "row") {
    // `{ fara }` becomes `{ fare: fara }`: the name stays what the body calls it.
    const write = (fixed: string) => (property.shorthand ? `${fixed}: ${name}` : fixed);
    return readColumn(value.param, name, property, frame.span(property.key), frame, write) ?? unknown;
  }
  const held = value.kind === "scalar" && isObject(value.expression.type.js) && !value.null && !value.undefined ? memberOf(required(value), name, frame.span(property), frame.flow.facts) : null;
  if (held) return held;
  if (value.kind === "scalar" || value.kind === "list") {
    frame.state.typeError(unknownProperty(name, describe(value), frame.span(property.key), []));
    return unknown;
  }
  const found = value.kind === "record" ? value.member(name, property) : null;
  return found ?? noForm(property, frame);
}

function noForm(node: t.Node, frame: Frame): Value {
  frame.state.needsScript(`the pattern '${frame.text(node)}' has no native form`);
  return unknown;
}
