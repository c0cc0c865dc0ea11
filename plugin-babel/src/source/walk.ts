import { VISITOR_KEYS } from "@babel/types";
import type * as t from "@babel/types";

/** The direct child nodes, in source order. */
export function childNodes(node: t.Node): t.Node[] {
  const fields = node as unknown as Record<string, t.Node | (t.Node | null)[] | null | undefined>;
  const children: t.Node[] = [];
  // Every pass over the source comes by here: loops take a third of what flatMap and filter do.
  for (const key of VISITOR_KEYS[node.type] ?? []) {
    const child = fields[key];
    if (!child) continue;
    if (!Array.isArray(child)) children.push(child);
    else for (const item of child) if (item) children.push(item);
  }
  return children;
}

/** The part of a node that is a name and no variable: of a member, private or not, a property, a label. */
export function nameIn(node: t.Node): t.Node | null | undefined {
  switch (node.type) {
    case "MemberExpression":
    case "OptionalMemberExpression":
      return node.computed ? null : node.property;
    case "ObjectProperty":
    case "ObjectMethod":
    case "ClassMethod":
    case "ClassProperty":
    case "ClassAccessorProperty":
      return node.computed ? null : node.key;
    case "ClassPrivateMethod":
    case "ClassPrivateProperty":
      return node.key;
    case "PrivateName":
      return node.id;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return node.label;
    default:
      return null;
  }
}

/** The child nodes that are evaluated: no names. */
export function evaluatedNodes(node: t.Node): t.Node[] {
  if (node.type === "MetaProperty") return [];
  const name = nameIn(node);
  return name ? childNodes(node).filter((child) => child !== name) : childNodes(node);
}

/** A node that exists for the type checker alone. */
export const isTypeOnly = (node: t.Node): boolean =>
  /^TS(?!AsExpression|SatisfiesExpression|NonNullExpression|TypeAssertion|InstantiationExpression|EnumDeclaration|EnumBody|EnumMember|ParameterProperty)/.test(node.type);
