import { VISITOR_KEYS } from "@babel/types";
import type * as t from "@babel/types";

/** The direct child nodes, in source order. */
export function childNodes(node: t.Node): t.Node[] {
  const fields = node as unknown as Record<string, t.Node | (t.Node | null)[] | null | undefined>;
  return (VISITOR_KEYS[node.type] ?? []).flatMap((key) => {
    const child = fields[key];
    return Array.isArray(child) ? child.filter((c) => c !== null) : child ? [child] : [];
  });
}

/** A node that exists for the type checker alone. */
export const isTypeOnly = (node: t.Node): boolean =>
  /^TS(?!AsExpression|SatisfiesExpression|NonNullExpression|TypeAssertion|InstantiationExpression|EnumDeclaration|EnumBody|EnumMember|ParameterProperty)/.test(node.type);
