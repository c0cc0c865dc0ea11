/** Tables in the types of parameters. */
import type * as t from "@babel/types";
import { type Place, runtimeTypeName } from "./names.ts";
import { childNodes } from "./walk.ts";

/** `Table<Row>`, which may be missing, `Table<Row> | null`, or have a name of its own. */
export function tableIn(type: t.TSType, place: Place, depth = 0): t.TSTypeReference | null {
  if (type.type === "TSParenthesizedType") return tableIn(type.typeAnnotation, place, depth);
  if (type.type === "TSUnionType") {
    const others = type.types.filter(({ type }) => type !== "TSNullKeyword" && type !== "TSUndefinedKeyword");
    return others.length === 1 ? tableIn(others[0]!, place, depth) : null;
  }
  if (type.type !== "TSTypeReference") return null;
  if (runtimeTypeName(type.typeName, place) === "Table") return type;
  const alias = type.typeName.type === "Identifier" && !type.typeArguments ? place.module.types.get(type.typeName.name) : undefined;
  return alias?.type === "TSTypeAliasDeclaration" && !alias.typeParameters && depth < 20 ? tableIn(alias.typeAnnotation, place, depth + 1) : null;
}

/** Whether a table may be somewhere in what is declared: `{ trips }: Inputs`, `Table<Row>[]`. A function's parameters are not in it. */
export function mentionsTable(node: t.Node, place: Place, seen: ReadonlySet<t.Node> = new Set()): boolean {
  if (node.type === "TSFunctionType") return false;
  if (node.type !== "TSTypeReference") return childNodes(node).some((child) => mentionsTable(child, place, seen));
  const { typeName } = node;
  if (runtimeTypeName(typeName, place) === "Table") return true;
  const declared = typeName.type === "Identifier" ? place.module.types.get(typeName.name) : undefined;
  if (declared && !seen.has(declared) && mentionsTable(declared, place, new Set([...seen, declared]))) return true;
  return node.typeArguments?.params.some((argument) => mentionsTable(argument, place, seen)) ?? false;
}
