/** The columns a reader or a table literal declares. */
import type * as t from "@babel/types";
import { unsupportedType } from "../../../diagnostics/unsupported-type.ts";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import type { Column, RowType, ValueType } from "../../../ir/types.ts";
import { keyName } from "../../../source/constants.ts";
import type { Reading } from "../../function.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { typeOfScalar } from "../../../source/scalar-types.ts";
import { rowTypeOf, UnsupportedType, valueTypeOf } from "../../../source/types.ts";

/** `readCsv<Weather>(…)` or `table({ … })` → its columns; null: not known. */
export function readInterface(call: t.CallExpression, data: t.ObjectExpression | null, r: Reading): RowType | null {
  const argument = call.typeArguments?.params[0] as t.TSType | undefined;
  if (argument) {
    try {
      return rowTypeOf(argument, r.frame.module, r.modules);
    } catch (error) {
      if (!(error instanceof UnsupportedType)) throw error;
      // A type that is still to be fetched is no mistake: the whole compilation is repeated with it.
      if (r.modules.needs.size === 0) r.report(unsupportedType(error.message, spanOf(error.place, error.module)));
      return [];
    }
  }
  return data ? literalColumns(data, r) : null;
}

function literalColumns(data: t.ObjectExpression, r: Reading): RowType {
  return data.properties.flatMap((p): Column[] => {
    const name = p.type === "ObjectProperty" && !p.computed ? keyName(p.key) : null;
    const type = p.type === "ObjectProperty" ? elementType(p.value, r) : null;
    if (name !== null && type) return [{ name, type }];
    r.report(verbArgument("table", "columns whose element type is plain, such as [1, 2] or a variable of type number[],", r.span(p)));
    return [];
  });
}

/** One type for all elements of `[1, null, 2]`, or of a variable declared `number[]`. */
function elementType(node: t.Node, r: Reading): ValueType | null {
  const e = bare(node);
  if (e.type === "Identifier") {
    const binding = r.place.scope.getBinding(e.name);
    const annotation = binding?.identifier.typeAnnotation;
    if (annotation?.type === "TSTypeAnnotation") return arrayElement(annotation.typeAnnotation, r);
    const init = binding?.path.node.type === "VariableDeclarator" ? binding.path.node.init : null;
    return init && bare(init).type === "ArrayExpression" ? elementType(init, r) : null;
  }
  if (e.type !== "ArrayExpression") return null;
  let type = null as ValueType | null;
  let nullable = false;
  for (const element of e.elements) {
    if (!element || element.type === "SpreadElement") return null;
    if (element.type === "NullLiteral" || (element.type === "Identifier" && element.name === "undefined")) nullable = true;
    else {
      const t = typeOfScalar(element, r.place, r.modules);
      if (!t || (type && type.js !== t.js)) return null;
      type = { js: t.js, nullable: t.nullable || (type?.nullable ?? false) };
    }
  }
  return type && { js: type.js, nullable: nullable || type.nullable };
}

function arrayElement(node: t.TSType, r: Reading): ValueType | null {
  const element =
    node.type === "TSArrayType" ? node.elementType
    : node.type === "TSTypeOperator" && node.typeAnnotation?.type === "TSArrayType" ? node.typeAnnotation.elementType
    : node.type === "TSTypeReference" && node.typeName.type === "Identifier" && /^(Readonly)?Array$/.test(node.typeName.name) ? (node.typeArguments?.params[0] as t.TSType)
    : null;
  return element ? valueTypeOf(element, r.frame.module, r.modules) : null;
}
