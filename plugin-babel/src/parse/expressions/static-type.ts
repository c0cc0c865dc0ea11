/** TypeScript annotations as column types. */
import type * as t from "@babel/types";
import { isSameJs, listOf as list } from "../../ir/types.ts";
import type { Scope } from "../row-function.ts";
import { fromValueType, type StaticType } from "./value.ts";

/** Null when it is no type of a column: the annotation then says nothing here. */
export function staticType(node: t.TSType, scope: Scope): StaticType | null {
  switch (node.type) {
    case "TSNumberKeyword":
      return of("number");
    case "TSStringKeyword":
    case "TSTemplateLiteralType":
      return of("string");
    case "TSBooleanKeyword":
      return of("boolean");
    case "TSBigIntKeyword":
      return of("bigint");
    case "TSNullKeyword":
      return { js: null, null: true, undefined: false };
    case "TSUndefinedKeyword":
    case "TSVoidKeyword":
      return { js: null, null: false, undefined: true };
    case "TSLiteralType":
      return literalType(node.literal);
    case "TSParenthesizedType":
      return staticType(node.typeAnnotation, scope);
    case "TSUnionType":
      return node.types.map((type) => staticType(type, scope)).reduce(union);
    case "TSArrayType":
      return listOf(staticType(node.elementType, scope));
    case "TSTypeOperator":
      return node.operator === "readonly" && node.typeAnnotation ? staticType(node.typeAnnotation, scope) : null;
    case "TSTypeReference": {
      if (node.typeName.type === "Identifier" && /^(Readonly)?Array$/.test(node.typeName.name) && node.typeArguments?.params[0]) return listOf(staticType(node.typeArguments.params[0] as t.TSType, scope));
      if (node.typeName.type === "Identifier" && node.typeName.name === "Date" && !node.typeArguments) return of("date");
      const type = scope.typeOf?.(node) ?? null;
      return type && fromValueType(type);
    }
    default: {
      const type = scope.typeOf?.(node) ?? null;
      return type && fromValueType(type);
    }
  }
}

/** The annotation of a parameter, variable or result. */
export function annotation(node: t.Node | null | undefined, scope: Scope): StaticType | null {
  return node?.type === "TSTypeAnnotation" ? staticType(node.typeAnnotation, scope) : null;
}

/** An array of values of a column's type. */
function listOf(element: StaticType | null): StaticType | null {
  return element?.js ? fromValueType(list({ js: element.js, nullable: element.null || element.undefined, ...(element.holes && { holes: element.holes }) })) : null;
}

const of = (js: NonNullable<StaticType["js"]>): StaticType => ({ js, null: false, undefined: false });

function literalType(node: t.TSLiteralType["literal"]): StaticType | null {
  switch (node.type) {
    case "StringLiteral":
    case "TemplateLiteral":
      return of("string");
    case "NumericLiteral":
      return of("number");
    case "BooleanLiteral":
      return of("boolean");
    case "BigIntLiteral":
      return of("bigint");
    case "UnaryExpression":
      return of(node.argument.type === "BigIntLiteral" ? "bigint" : "number");
    default:
      return null;
  }
}

function union(a: StaticType | null, b: StaticType | null): StaticType | null {
  if (a === null || b === null || (a.js !== null && b.js !== null && !isSameJs(a.js, b.js))) return null;
  return { js: a.js ?? b.js, null: a.null || b.null, undefined: a.undefined || b.undefined, ...((a.holes || b.holes) && { holes: true as const }) };
}
