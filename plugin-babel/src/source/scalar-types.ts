/** The type of a scalar of the enclosing code, as far as its annotation or its initialiser tells. */
import type * as t from "@babel/types";
import type { JsType, RowType, ValueType } from "../ir/types.ts";
import { constantOf } from "./constants.ts";
import { bare, type Binding } from "./module.ts";
import type { Modules } from "./modules.ts";
import { helperOf, type Place } from "./names.ts";
import { memberTypesOf, valueTypeOf } from "./types.ts";

/** Who knows more than the text of one function: the modules, and the tables it observes. */
export interface Knowledge {
  readonly modules: Modules;
  /** The type of `t.get("mean")`, once the table's columns are known. */
  observed?(call: t.CallExpression): ValueType | null;
}

const plain = (js: JsType): ValueType => ({ js, nullable: false });

export function typeOfBinding(binding: Binding, place: Place, know: Knowledge, depth = 0): ValueType | null {
  const { node } = binding.path;
  const scoped = { module: place.module, scope: binding.scope };
  const member = destructured(binding, scoped, know);
  if (member) return member;
  if (binding.kind === "param") return annotated(binding.identifier, scoped, know) ?? defaultOf(binding, scoped, know) ?? callbackParameter(binding, scoped, know);
  if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier") return null;
  const loop = binding.path.parentPath?.parent;
  if (loop?.type === "ForOfStatement" && loop.left === binding.path.parent) return elementOf(loop.right, scoped, know);
  const declared = annotated(node.id, scoped, know);
  if (declared) return declared;
  return node.init && binding.constant && depth < 20 ? typeOfScalar(node.init, scoped, know, depth + 1) : typeIfLet(node, binding, scoped, know);
}

/** `let n = 0` is a number whatever is assigned: TypeScript would not let it be otherwise. */
function typeIfLet(node: t.VariableDeclarator, binding: Binding, place: Place, know: Knowledge): ValueType | null {
  if (binding.constant || !node.init) return null;
  const type = typeOfScalar(node.init, place, know, 1);
  return type?.nullable ? null : type;
}

function annotated(node: t.Identifier, place: Place, know: Knowledge): ValueType | null {
  if (node.typeAnnotation?.type !== "TSTypeAnnotation") return null;
  const type = valueTypeOf(node.typeAnnotation.typeAnnotation, place.module, know.modules);
  return type && node.optional ? { ...type, nullable: true } : type;
}

function defaultOf(binding: Binding, place: Place, know: Knowledge): ValueType | null {
  const { node } = binding.path;
  if (node.type !== "AssignmentPattern" || node.left.type !== "Identifier") return null;
  return annotated(node.left, place, know) ?? typeOfScalar(node.right, place, know, 1);
}

/** `xs.map((x, i) => …)`, `Array.from(xs, (x, i) => …)`: an element and its index. */
function callbackParameter(binding: Binding, place: Place, know: Knowledge): ValueType | null {
  const fn = binding.scope.path.node;
  const call = binding.scope.path.parent;
  if (fn.type !== "ArrowFunctionExpression" || call?.type !== "CallExpression" || call.callee.type !== "MemberExpression") return null;
  const position = fn.params.findIndex((p) => p === binding.identifier);
  if (position === 1) return plain("number");
  const isFrom = call.callee.object.type === "Identifier" && call.callee.object.name === "Array";
  const source = isFrom ? call.arguments[0] : call.callee.object;
  return position === 0 && source ? elementOf(source, { module: place.module, scope: binding.scope.parent ?? binding.scope }, know) : null;
}

/** `({ limit }: Options) => …`, `const { limit } = options`: the member's type. */
function destructured(binding: Binding, place: Place, know: Knowledge): ValueType | null {
  const { node } = binding.path;
  const pattern = node.type === "VariableDeclarator" ? node.id : node.type === "AssignmentPattern" ? node.left : node;
  if (pattern.type !== "ObjectPattern") return null;
  const property = pattern.properties.find((p) => p.type === "ObjectProperty" && localOf(p.value) === binding.identifier.name);
  if (property?.type !== "ObjectProperty" || property.key.type !== "Identifier") return null;
  const row = pattern.typeAnnotation?.type === "TSTypeAnnotation" ? rowOf(pattern.typeAnnotation.typeAnnotation, place, know)
    : node.type === "VariableDeclarator" && node.init ? recordType(node.init, place, know) : null;
  const type = row?.find((c) => c.name === (property.key as t.Identifier).name)?.type ?? null;
  return type && property.value.type === "AssignmentPattern" ? { ...type, nullable: false } : type;
}

const localOf = (value: t.Node): string | null => (value.type === "Identifier" ? value.name : value.type === "AssignmentPattern" ? localOf(value.left) : null);

/** The members of a variable declared with an interface. */
export function recordType(node: t.Node, place: Place, know: Knowledge): RowType | null {
  const e = bare(node);
  const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
  const annotation = binding?.identifier.typeAnnotation;
  return annotation?.type === "TSTypeAnnotation" ? rowOf(annotation.typeAnnotation, place, know) : null;
}

const rowOf = (type: t.TSType, place: Place, know: Knowledge): RowType | null => memberTypesOf(type, place.module, know.modules);

/** The type of an array's elements: of a literal, or of a variable declared `number[]`. */
export function elementOf(node: t.Node, place: Place, know: Knowledge): ValueType | null {
  const asserted = node.type === "TSAsExpression" || node.type === "TSSatisfiesExpression" ? arrayElement(node.typeAnnotation, place, know) : null;
  if (asserted) return asserted;
  const e = bare(node);
  if (e.type === "CallExpression") return elementOfCall(e, place, know);
  if (e.type === "Identifier") {
    const binding = place.scope.getBinding(e.name);
    const annotation = binding?.identifier.typeAnnotation;
    if (annotation?.type === "TSTypeAnnotation") return arrayElement(annotation.typeAnnotation, place, know);
    const init = binding?.constant && binding.path.node.type === "VariableDeclarator" ? binding.path.node.init : null;
    return init ? elementOf(init, { module: place.module, scope: binding!.scope }, know) : null;
  }
  if (e.type === "NewExpression" && e.callee.type === "Identifier" && e.callee.name === "Set") return e.arguments[0] ? elementOf(e.arguments[0], place, know) : null;
  if (e.type !== "ArrayExpression") return null;
  let type = null as ValueType | null;
  let nullable = false;
  for (const element of e.elements) {
    if (!element || element.type === "SpreadElement") return null;
    if (isNothing(element)) nullable = true;
    else {
      const own = typeOfScalar(element, place, know);
      if (!own || (type && type.js !== own.js)) return null;
      type = { js: own.js, nullable: own.nullable || (type?.nullable ?? false) };
    }
  }
  return type && { js: type.js, nullable: nullable || type.nullable };
}

/** `xs.map((x) => …)` and `Array.from(xs, (x) => …)` give what the callback gives; `xs.slice()` what xs has. */
function elementOfCall(e: t.CallExpression, place: Place, know: Knowledge): ValueType | null {
  const { callee } = e;
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return null;
  const { name } = callee.property;
  const isFrom = name === "from" && callee.object.type === "Identifier" && callee.object.name === "Array";
  const callback = isFrom ? e.arguments[1] : name === "map" ? e.arguments[0] : undefined;
  if (callback?.type === "ArrowFunctionExpression" && callback.body.type !== "BlockStatement") {
    return typeOfScalar(callback.body, { module: place.module, scope: place.module.scopeOf(callback) ?? place.scope }, know);
  }
  return /^(filter|slice|toSorted|toReversed|sort|reverse|with)$/.test(name) ? elementOf(callee.object, place, know) : null;
}

function arrayElement(node: t.TSType, place: Place, know: Knowledge): ValueType | null {
  const element =
    node.type === "TSArrayType" ? node.elementType
    : node.type === "TSTypeOperator" && node.typeAnnotation?.type === "TSArrayType" ? node.typeAnnotation.elementType
    : node.type === "TSTypeReference" && node.typeName.type === "Identifier" && /^(Readonly)?(Array|Set)$/.test(node.typeName.name) ? (node.typeArguments?.params[0] as t.TSType)
    : null;
  return element ? valueTypeOf(element, place.module, know.modules) : null;
}

const isNothing = (node: t.Node): boolean => node.type === "NullLiteral" || (node.type === "Identifier" && node.name === "undefined");

/** The type of a scalar expression; null when it is not plain from the text. */
export function typeOfScalar(node: t.Node, place: Place, know: Knowledge, depth = 0): ValueType | null {
  if (node.type === "TSAsExpression" || node.type === "TSTypeAssertion") {
    const asserted = valueTypeOf(node.typeAnnotation, place.module, know.modules);
    if (asserted) return asserted;
  }
  if (node.type === "TSNonNullExpression") {
    const type = typeOfScalar(node.expression, place, know, depth);
    return type && { ...type, nullable: false };
  }
  const e = bare(node);
  const of = (inner: t.Node) => (depth > 20 ? null : typeOfScalar(inner, place, know, depth + 1));
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
      const [left, right] = e.type === "ConditionalExpression" ? [e.consequent, e.alternate] : [e.left, e.right];
      const [a, b] = [of(left), of(right)];
      if (e.type === "ConditionalExpression" && (isNothing(left) || isNothing(right))) {
        const other = isNothing(left) ? b : a;
        return other && { ...other, nullable: true };
      }
      if (!a || !b || a.js !== b.js) return null;
      return { js: a.js, nullable: e.type === "LogicalExpression" && e.operator === "??" ? b.nullable : a.nullable || b.nullable };
    }
    case "NewExpression":
      return e.callee.type === "Identifier" && e.callee.name === "Date" ? plain("date") : null;
    case "CallExpression":
      return call(e, place, know);
    case "Identifier": {
      const binding = place.scope.getBinding(e.name);
      if (binding && binding.kind !== "module") return typeOfBinding(binding, place, know, depth + 1) ?? constant(e, place);
      return e.name === "NaN" || e.name === "Infinity" ? plain("number") : null;
    }
    case "MemberExpression":
      return constant(e, place) ?? member(e, place, know);
    default:
      return constant(e, place);
  }
}

function member(e: t.MemberExpression, place: Place, know: Knowledge): ValueType | null {
  if (e.computed) return elementOf(e.object, place, know);
  if (e.property.type !== "Identifier") return null;
  const { name } = e.property;
  return recordType(e.object, place, know)?.find((c) => c.name === name)?.type ?? (name === "length" ? plain("number") : null);
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

function call(e: t.CallExpression, place: Place, know: Knowledge): ValueType | null {
  const observed = know.observed?.(e);
  if (observed) return observed;
  const callee = bare(e.callee);
  if (callee.type === "Identifier" && !place.scope.getBinding(callee.name)) return Object.hasOwn(conversions, callee.name) ? plain(conversions[callee.name]!) : null;
  if (callee.type === "MemberExpression" && callee.property.type === "Identifier" && !callee.computed) {
    const { name } = callee.property;
    if (name === "numRows" || name === "getTime") return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "Math") return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "Date" && (name === "now" || name === "UTC" || name === "parse")) return plain("number");
    return /^(toFixed|toISOString|toString|trim|toUpperCase|toLowerCase|slice|replace|padStart)$/.test(name) && name !== "slice" ? plain("string") : null;
  }
  const helper = helperOf(callee, place, know.modules);
  const annotation = helper?.node.returnType;
  if (!helper || annotation?.type !== "TSTypeAnnotation") return null;
  const type = annotation.typeAnnotation;
  const promised = type.type === "TSTypeReference" && type.typeName.type === "Identifier" && type.typeName.name === "Promise" ? type.typeArguments?.params[0] : type;
  return promised ? valueTypeOf(promised as t.TSType, helper.module, know.modules) : null;
}
