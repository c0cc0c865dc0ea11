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

/** Those that are evaluated: without the names of members, properties and labels. */
export function evaluatedNodes(node: t.Node): t.Node[] {
  if (node.type === "MetaProperty") return [];
  const names: (t.Node | null | undefined)[] = [];
  if ((node.type === "MemberExpression" || node.type === "OptionalMemberExpression") && !node.computed) names.push(node.property);
  if ((node.type === "ObjectProperty" || node.type === "ObjectMethod" || node.type === "ClassMethod" || node.type === "ClassProperty") && !node.computed) names.push(node.key);
  if (node.type === "LabeledStatement" || node.type === "BreakStatement" || node.type === "ContinueStatement") names.push(node.label);
  return names.length === 0 ? childNodes(node) : childNodes(node).filter((child) => !names.includes(child));
}

/** A node that exists for the type checker alone. */
export const isTypeOnly = (node: t.Node): boolean =>
  /^TS(?!AsExpression|SatisfiesExpression|NonNullExpression|TypeAssertion|InstantiationExpression|EnumDeclaration|EnumBody|EnumMember|ParameterProperty)/.test(node.type);
