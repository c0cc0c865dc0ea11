/** Tables in the types of parameters. */
import type * as t from "@babel/types";
import { type Place, runtimeTypeName } from "./names.ts";
import { childNodes } from "./walk.ts";

/** `Table<Row>`, which may be missing: `Table<Row> | null`. */
export function tableIn(type: t.TSType, place: Place): t.TSTypeReference | null {
  if (type.type === "TSParenthesizedType") return tableIn(type.typeAnnotation, place);
  if (type.type === "TSUnionType") {
    const others = type.types.filter(({ type }) => type !== "TSNullKeyword" && type !== "TSUndefinedKeyword");
    return others.length === 1 ? tableIn(others[0]!, place) : null;
  }
  return type.type === "TSTypeReference" && runtimeTypeName(type.typeName, place) === "Table" ? type : null;
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
