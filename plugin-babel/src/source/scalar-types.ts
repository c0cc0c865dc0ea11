/** The type of a scalar of the enclosing code, as far as its annotation or its initialiser tells. */
import type * as t from "@babel/types";
import type { JsType, ValueType } from "../ir/types.ts";
import { constantOf } from "./constants.ts";
import { bare, type Binding } from "./module.ts";
import type { Modules } from "./modules.ts";
import { helperOf, type Place } from "./names.ts";
import { valueTypeOf } from "./types.ts";

const plain = (js: JsType): ValueType => ({ js, nullable: false });

export function typeOfBinding(binding: Binding, place: Place, modules: Modules, depth = 0): ValueType | null {
  const { node } = binding.path;
  const scoped = { module: place.module, scope: binding.scope };
  if (binding.kind === "param") return annotated(binding.identifier, scoped, modules) ?? defaultOf(binding, scoped, modules);
  if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier") return null;
  const declared = annotated(node.id, scoped, modules);
  if (declared) return declared;
  return node.init && binding.constant && depth < 20 ? typeOfScalar(node.init, scoped, modules, depth + 1) : typeIfLet(node, binding, scoped, modules);
}

/** `let n = 0` is a number whatever is assigned: TypeScript would not let it be otherwise. */
function typeIfLet(node: t.VariableDeclarator, binding: Binding, place: Place, modules: Modules): ValueType | null {
  if (binding.constant || !node.init) return null;
  const type = typeOfScalar(node.init, place, modules, 1);
  return type?.nullable ? null : type;
}

function annotated(node: t.Identifier, place: Place, modules: Modules): ValueType | null {
  if (node.typeAnnotation?.type !== "TSTypeAnnotation") return null;
  const type = valueTypeOf(node.typeAnnotation.typeAnnotation, place.module, modules);
  return type && node.optional ? { ...type, nullable: true } : type;
}

function defaultOf(binding: Binding, place: Place, modules: Modules): ValueType | null {
  const { node } = binding.path;
  if (node.type !== "AssignmentPattern" || node.left.type !== "Identifier") return null;
  return annotated(node.left, place, modules) ?? typeOfScalar(node.right, place, modules, 1);
}

/** The type of a scalar expression; null when it is not plain from the text. */
export function typeOfScalar(node: t.Node, place: Place, modules: Modules, depth = 0): ValueType | null {
  if (node.type === "TSAsExpression" || node.type === "TSTypeAssertion") {
    const asserted = valueTypeOf(node.typeAnnotation, place.module, modules);
    if (asserted) return asserted;
  }
  if (node.type === "TSNonNullExpression") {
    const type = typeOfScalar(node.expression, place, modules, depth);
    return type && { ...type, nullable: false };
  }
  const e = bare(node);
  const of = (inner: t.Node) => (depth > 20 ? null : typeOfScalar(inner, place, modules, depth + 1));
  switch (e.type) {
    case "TemplateLiteral":
      return plain("string");
    case "AwaitExpression":
      return of(e.argument);
    case "UnaryExpression":
      return e.operator === "!" ? plain("boolean") : e.operator === "typeof" ? plain("string") : e.operator === "-" || e.operator === "~" ? (of(e.argument) ?? plain("number")) : plain("number");
    case "BinaryExpression":
      return binary(e, of);
    case "ConditionalExpression":
    case "LogicalExpression": {
      const [a, b] = e.type === "ConditionalExpression" ? [of(e.consequent), of(e.alternate)] : [of(e.left), of(e.right)];
      if (!a || !b || a.js !== b.js) return null;
      return { js: a.js, nullable: e.type === "LogicalExpression" && e.operator === "??" ? b.nullable : a.nullable || b.nullable };
    }
    case "NewExpression":
      return e.callee.type === "Identifier" && e.callee.name === "Date" ? plain("date") : null;
    case "CallExpression":
      return call(e, place, modules);
    case "Identifier": {
      const binding = place.scope.getBinding(e.name);
      if (binding && binding.kind !== "module") return typeOfBinding(binding, place, modules, depth + 1) ?? constant(e, place);
      return e.name === "NaN" || e.name === "Infinity" ? plain("number") : null;
    }
    default:
      return constant(e, place);
  }
}

function constant(e: t.Node, place: Place): ValueType | null {
  const value = constantOf(e, place)?.value;
  const js = typeof value;
  return js === "number" || js === "string" || js === "boolean" || js === "bigint" ? plain(js) : null;
}

function binary(e: t.BinaryExpression, of: (node: t.Node) => ValueType | null): ValueType | null {
  if (/^([<>]=?|[!=]==?|in|instanceof)$/.test(e.operator)) return plain("boolean");
  const [left, right] = [of(e.left), of(e.right)];
  if (e.operator === "+" && (left?.js === "string" || right?.js === "string")) return plain("string");
  return left && right && left.js === right.js && (left.js === "number" || left.js === "bigint") ? plain(left.js) : e.operator === "+" ? null : plain("number");
}

const conversions: Readonly<Record<string, JsType>> = { Number: "number", String: "string", Boolean: "boolean", BigInt: "bigint", parseInt: "number", parseFloat: "number" };

function call(e: t.CallExpression, place: Place, modules: Modules): ValueType | null {
  const callee = bare(e.callee);
  if (callee.type === "Identifier" && !place.scope.getBinding(callee.name)) return conversions[callee.name] ? plain(conversions[callee.name]!) : null;
  if (callee.type === "MemberExpression" && callee.property.type === "Identifier" && !callee.computed) {
    const { name } = callee.property;
    if (name === "numRows" || name === "getTime") return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "Math") return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "Date" && (name === "now" || name === "UTC" || name === "parse")) return plain("number");
    return /^(toFixed|toISOString|toString|trim|toUpperCase|toLowerCase|slice|replace|padStart)$/.test(name) && name !== "slice" ? plain("string") : null;
  }
  const helper = helperOf(callee, place, modules);
  const annotation = helper?.node.returnType;
  if (!helper || annotation?.type !== "TSTypeAnnotation") return null;
  const type = annotation.typeAnnotation;
  const promised = type.type === "TSTypeReference" && type.typeName.type === "Identifier" && type.typeName.name === "Promise" ? type.typeArguments?.params[0] : type;
  return promised ? valueTypeOf(promised as t.TSType, helper.module, modules) : null;
}
