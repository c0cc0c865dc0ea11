/** The type of a scalar of the enclosing code, as far as its annotation, its initialiser or the table it was got from tells. */
import type * as t from "@babel/types";
import type { Column, JsType, RowType, ValueType } from "../ir/types.ts";
import { constantOf, keyName } from "./constants.ts";
import { isScalar, methodOf } from "./methods.ts";
import { bare, type Binding } from "./module.ts";
import type { Modules } from "./modules.ts";
import { helperOf, type Place, runtimeName } from "./names.ts";
import { elementType, memberTypesOf, valueTypeOf } from "./types.ts";

/** Who knows more than the text of one function: the modules, and the tables it observes. */
export interface Knowledge {
  readonly modules: Modules;
  /** What `t.get("mean")`, `t.array("city")`, `t.objects()` or a loop over a table gives, once the table's columns are known. */
  observed?(node: t.Node): Observed | null;
}

export type Observed =
  | { readonly kind: "cell"; readonly type: ValueType }
  | { readonly kind: "values"; readonly type: ValueType }
  | { readonly kind: "rows"; readonly row: RowType };

const plain = (js: JsType): ValueType => ({ js, nullable: false });

export function typeOfBinding(binding: Binding, place: Place, know: Knowledge, depth = 0): ValueType | null {
  const { node } = binding.path;
  const scoped = { module: place.module, scope: binding.scope };
  const member = destructured(binding, scoped, know);
  if (member) return member;
  if (binding.kind === "param") return annotated(binding.identifier, scoped, know) ?? defaultOf(binding, scoped, know) ?? callbackParameter(binding, scoped, know);
  if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier") return null;
  const loop = binding.path.parentPath?.parent;
  if (isElementOf(loop, binding)) return elementOf(loop.right, scoped, know);
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

const isElementOf = (loop: t.Node | undefined, binding: Binding): loop is t.ForOfStatement => loop?.type === "ForOfStatement" && loop.left === binding.path.parent;

/** `xs.map((x, i) => …)`, `Array.from(xs, (x, i) => …)`: an element and its index. */
function callbackParameter(binding: Binding, place: Place, know: Knowledge): ValueType | null {
  const callback = callbackOf(binding, place);
  return callback?.position === 1 ? plain("number") : callback?.position === 0 ? elementOf(callback.list, callback.place, know) : null;
}

/** The list whose elements a callback's parameter takes, where it stands in the parameters, and where the list is named. */
function callbackOf(binding: Binding, place: Place): { readonly list: t.Node; readonly position: number; readonly place: Place } | null {
  const fn = binding.scope.path.node;
  const call = binding.scope.path.parent;
  if (fn.type !== "ArrowFunctionExpression" || call?.type !== "CallExpression" || call.callee.type !== "MemberExpression") return null;
  const position = fn.params.findIndex((p) => p === binding.identifier || p === binding.path.node);
  const isFrom = call.callee.object.type === "Identifier" && call.callee.object.name === "Array";
  const list = isFrom ? call.arguments[0] : call.callee.object;
  return list && position >= 0 ? { list, position, place: { module: place.module, scope: binding.scope.parent ?? binding.scope } } : null;
}

/** `({ limit }: Options) => …`, `const { limit } = options`, `const [{ mean }] = t.objects()`: the member's type. */
function destructured(binding: Binding, place: Place, know: Knowledge): ValueType | null {
  const { node } = binding.path;
  let pattern: t.Node = node.type === "VariableDeclarator" ? node.id : node.type === "AssignmentPattern" ? node.left : node;
  const first = pattern.type === "ArrayPattern" ? pattern.elements.findIndex((p) => p && holds(p, binding)) : -1;
  const element = first >= 0 ? (pattern as t.ArrayPattern).elements[first]! : null;
  if (element?.type === "Identifier" || element?.type === "AssignmentPattern") return node.type === "VariableDeclarator" && node.init ? elementOf(node.init, place, know) : null;
  if (element) pattern = element;
  if (pattern.type !== "ObjectPattern") return null;
  const property = pattern.properties.find((p) => p.type === "ObjectProperty" && localOf(p.value) === binding.identifier.name);
  if (property?.type !== "ObjectProperty" || property.key.type !== "Identifier") return null;
  const row = pattern.typeAnnotation?.type === "TSTypeAnnotation" ? rowOf(pattern.typeAnnotation.typeAnnotation, place, know) : takenApart(binding, element !== null, place, know);
  const type = row?.find((c) => c.name === (property.key as t.Identifier).name)?.type ?? null;
  return type && property.value.type === "AssignmentPattern" ? { ...type, nullable: false } : type;
}

const holds = (pattern: t.Node, binding: Binding): boolean =>
  pattern === binding.identifier || (pattern.type === "AssignmentPattern" && pattern.left === binding.identifier) || (pattern.type === "ObjectPattern" && pattern.properties.some((p) => p.type === "ObjectProperty" && localOf(p.value) === binding.identifier.name));

/** The record that a pattern takes apart: of a declaration (or the elements of its list), a loop or a callback. */
function takenApart(binding: Binding, ofList: boolean, place: Place, know: Knowledge): RowType | null {
  const { node } = binding.path;
  if (node.type !== "VariableDeclarator") {
    const callback = callbackOf(binding, place);
    return callback?.position === 0 && !ofList ? recordsOf(callback.list, callback.place, know) : null;
  }
  const loop = binding.path.parentPath?.parent;
  if (isElementOf(loop, binding)) return ofList ? null : recordsOfLoop(loop, place, know);
  return node.init ? (ofList ? recordsOf(node.init, place, know) : recordType(node.init, place, know)) : null;
}

export const localOf = (value: t.Node): string | null => (value.type === "Identifier" ? value.name : value.type === "AssignmentPattern" ? localOf(value.left) : null);

/** The members of a record: a variable declared with an interface, an object that is written out, or a row of a table. */
export function recordType(node: t.Node, place: Place, know: Knowledge): RowType | null {
  const e = bare(node);
  if (e.type === "ObjectExpression") return literalMembers(e, place, know);
  if (e.type === "MemberExpression") return e.computed ? recordsOf(e.object, place, know) : nestedRecord(e, place, know);
  if (e.type === "CallExpression") {
    const { callee } = e;
    return callee.type === "MemberExpression" && callee.property.type === "Identifier" && methodOf(callee.property.name)?.gives === "element" ? recordsOf(callee.object, place, know) : null;
  }
  const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
  if (!binding) return null;
  const annotation = binding.identifier.typeAnnotation;
  if (annotation?.type === "TSTypeAnnotation") return rowOf(annotation.typeAnnotation, place, know);
  const scoped = { module: place.module, scope: binding.scope };
  if (binding.kind === "param") {
    const callback = callbackOf(binding, scoped);
    return callback?.position === 0 && binding.path.node === binding.identifier ? recordsOf(callback.list, callback.place, know) : null;
  }
  const { node: declaration } = binding.path;
  if (declaration.type !== "VariableDeclarator") return null;
  const ofList = declaration.id.type === "ArrayPattern" && declaration.id.elements.includes(binding.identifier);
  return declaration.id.type === "Identifier" || ofList ? takenApartOnce(binding, ofList, scoped, know) : null;
}

function nestedRecord(e: t.MemberExpression, place: Place, know: Knowledge): RowType | null {
  const written = writtenMember(e, place);
  return written && recordType(written.node, written.place, know);
}

/** `config.limits` where the object that the variable is given is written out. */
function writtenMember({ object, property, computed }: t.MemberExpression, place: Place): { readonly node: t.Node; readonly place: Place } | null {
  const outer = writtenObject(object, place);
  const member = outer && !computed && property.type === "Identifier" ? outer.node.properties.findLast((p) => p.type === "SpreadElement" || keyOf(p) === property.name) : null;
  return member?.type === "ObjectProperty" ? { node: member.value, place: outer!.place } : null;
}

function writtenObject(node: t.Node, place: Place): { readonly node: t.ObjectExpression; readonly place: Place } | null {
  const e = bare(node);
  if (e.type === "ObjectExpression") return { node: e, place };
  if (e.type === "MemberExpression") {
    const inner = writtenMember(e, place);
    return inner && writtenObject(inner.node, inner.place);
  }
  const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
  const declarator = binding?.path.node.type === "VariableDeclarator" && !binding.identifier.typeAnnotation ? binding.path.node : null;
  return declarator?.init && declarator.id.type === "Identifier" && declarator.init.type !== "Identifier" ? writtenObject(declarator.init, { module: place.module, scope: binding!.scope }) : null;
}

const keyOf = (p: t.ObjectProperty | t.ObjectMethod): string | null => (p.computed ? null : keyName(p.key));

/** `{ limit: 3, name: String(given) }`: what TypeScript takes for a member's type, whatever is assigned to it. */
function literalMembers({ properties }: t.ObjectExpression, place: Place, know: Knowledge): RowType | null {
  const row = new Map<string, Column>();
  for (const p of properties) {
    const spread = p.type === "SpreadElement" ? recordType(p.argument, place, know) : [];
    if (spread === null) return null;
    for (const column of spread) row.set(column.name, column);
    if (p.type === "SpreadElement") continue;
    const name = p.type === "ObjectProperty" && !p.computed ? keyName(p.key) : null;
    const type = p.type === "ObjectProperty" && name !== null ? typeOfScalar(p.value, place, know, 1) : null;
    if (name !== null && type && !type.nullable) row.set(name, { name, type });
    else if (name !== null) row.delete(name);
  }
  return [...row.values()];
}

/** A variable that is assigned again may hold the rows of another table. */
const takenApartOnce = (binding: Binding, ofList: boolean, place: Place, know: Knowledge): RowType | null => (binding.constant ? takenApart(binding, ofList, place, know) : null);

/** The members of an array's elements: the rows of a table, or of a variable declared `Row[]`. */
function recordsOf(node: t.Node, place: Place, know: Knowledge): RowType | null {
  const e = bare(node);
  const seen = know.observed?.(e);
  if (seen) return seen.kind === "rows" ? seen.row : null;
  if (e.type === "CallExpression") {
    const { callee } = e;
    return callee.type === "MemberExpression" && callee.property.type === "Identifier" && methodOf(callee.property.name)?.gives === "elements" ? recordsOf(callee.object, place, know) : null;
  }
  if (e.type === "ArrayExpression") return e.elements.length === 1 && e.elements[0]?.type === "SpreadElement" ? recordsOf(e.elements[0].argument, place, know) : null;
  const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
  if (!binding) return null;
  const annotation = binding.identifier.typeAnnotation;
  const scoped = { module: place.module, scope: binding.scope };
  if (annotation?.type === "TSTypeAnnotation") {
    const element = elementType(annotation.typeAnnotation);
    return element && rowOf(element, scoped, know);
  }
  const { node: declaration } = binding.path;
  return binding.constant && declaration.type === "VariableDeclarator" && declaration.id.type === "Identifier" && declaration.init ? recordsOf(declaration.init, scoped, know) : null;
}

/** `for (const row of rows)`, and over a table itself. */
function recordsOfLoop(loop: t.ForOfStatement, place: Place, know: Knowledge): RowType | null {
  const seen = know.observed?.(loop);
  return seen?.kind === "rows" ? seen.row : recordsOf(loop.right, place, know);
}

const rowOf = (type: t.TSType, place: Place, know: Knowledge): RowType | null => memberTypesOf(type, place.module, know.modules);

/** The type of an array's elements: of a literal, or of a variable declared `number[]`. */
export function elementOf(node: t.Node, place: Place, know: Knowledge): ValueType | null {
  const asserted = node.type === "TSAsExpression" || node.type === "TSSatisfiesExpression" ? arrayElement(node.typeAnnotation, place, know) : null;
  if (asserted) return asserted;
  const e = bare(node);
  const seen = know.observed?.(e);
  if (seen) return seen.kind === "values" ? seen.type : null;
  if (e.type === "CallExpression") return elementOfCall(e, place, know);
  if (e.type === "Identifier") {
    const binding = place.scope.getBinding(e.name);
    const annotation = binding?.identifier.typeAnnotation;
    if (annotation?.type === "TSTypeAnnotation") return arrayElement(annotation.typeAnnotation, place, know);
    const declarator = binding?.constant && binding.path.node.type === "VariableDeclarator" ? binding.path.node : null;
    const init = declarator?.id.type === "Identifier" ? declarator.init : null;
    return init ? elementOf(init, { module: place.module, scope: binding!.scope }, know) : null;
  }
  if (e.type === "MemberExpression" && !e.computed) {
    const written = writtenMember(e, place);
    return written && elementOf(written.node, written.place, know);
  }
  if (e.type === "NewExpression" && e.callee.type === "Identifier" && e.callee.name === "Set") return e.arguments[0] ? elementOf(e.arguments[0], place, know) : null;
  if (e.type !== "ArrayExpression") return null;
  const [only] = e.elements;
  if (e.elements.length === 1 && only?.type === "SpreadElement") return elementOf(only.argument, place, know);
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
  if (runtimeName(callee, place) === "allgather") return e.arguments[0] ? typeOfScalar(e.arguments[0], place, know, 1) : null;
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return null;
  const { name } = callee.property;
  const isFrom = name === "from" && callee.object.type === "Identifier" && callee.object.name === "Array";
  const callback = isFrom ? e.arguments[1] : name === "map" ? e.arguments[0] : undefined;
  if (callback?.type === "ArrowFunctionExpression" && callback.body.type !== "BlockStatement") {
    return typeOfScalar(callback.body, { module: place.module, scope: place.module.scopeOf(callback) ?? place.scope }, know);
  }
  if (name === "split" || (callee.object.type === "Identifier" && callee.object.name === "Object" && name === "keys")) return plain("string");
  if (isFrom && e.arguments.length === 1) return elementOf(e.arguments[0]!, place, know);
  return methodOf(name)?.gives === "elements" ? elementOf(callee.object, place, know) : null;
}

const arrayElement = (node: t.TSType, place: Place, know: Knowledge): ValueType | null => valueTypeOf(node, place.module, know.modules, "lists");

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
    case "OptionalMemberExpression": {
      const type = e.computed || e.property.type !== "Identifier" ? null : memberNamed(e.property.name, e.object, place, know);
      return type && { ...type, nullable: true };
    }
    default:
      return constant(e, place);
  }
}

function member(e: t.MemberExpression, place: Place, know: Knowledge): ValueType | null {
  if (isProcess(e.object, "env", place)) return { js: "string", nullable: true };
  if (e.computed) return isProcess(e.object, "argv", place) ? plain("string") : elementOf(e.object, place, know);
  if (e.property.type !== "Identifier") return null;
  const { name } = e.property;
  return memberNamed(name, e.object, place, know) ?? (name === "length" ? plain("number") : null);
}

/** `process.env`, `process.argv` */
function isProcess(node: t.Node, member: "env" | "argv", place: Place): boolean {
  const e = bare(node);
  const isMember = e.type === "MemberExpression" && !e.computed && e.property.type === "Identifier" && e.property.name === member;
  return isMember && e.object.type === "Identifier" && e.object.name === "process" && !place.scope.getBinding("process");
}

const memberNamed = (name: string, object: t.Node, place: Place, know: Knowledge): ValueType | null => recordType(object, place, know)?.find((c) => c.name === name)?.type ?? null;

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
  const seen = know.observed?.(e);
  if (seen) return seen.kind === "cell" ? seen.type : null;
  const name = runtimeName(e.callee, place) ?? "";
  if (/^(rank|size)$/.test(name)) return plain("number");
  if (/^(allreduce|bcast|scan|exscan)$/.test(name)) return e.arguments[0] ? typeOfScalar(e.arguments[0], place, know, 1) : null;
  const callee = bare(e.callee);
  if (callee.type === "Identifier" && !place.scope.getBinding(callee.name)) return Object.hasOwn(conversions, callee.name) ? plain(conversions[callee.name]!) : null;
  if (callee.type === "MemberExpression" && callee.property.type === "Identifier" && !callee.computed) {
    const { name } = callee.property;
    if (name === "numRows" || name === "getTime") return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "Math") return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "Date" && (name === "now" || name === "UTC" || name === "parse")) return plain("number");
    if (callee.object.type === "Identifier" && callee.object.name === "JSON") return name === "stringify" ? plain("string") : null;
    const method = methodOf(name);
    if (method && isScalar(method.gives)) return plain(method.gives);
    if (!method?.ofText || typeOfScalar(callee.object, place, know, 1)?.js !== "string") return null;
    return { js: "string", nullable: name === "at" };
  }
  const helper = helperOf(callee, place, know.modules);
  const annotation = helper?.node.returnType;
  if (!helper || annotation?.type !== "TSTypeAnnotation") return null;
  const type = annotation.typeAnnotation;
  const promised = type.type === "TSTypeReference" && type.typeName.type === "Identifier" && type.typeName.name === "Promise" ? type.typeArguments?.params[0] : type;
  return promised ? valueTypeOf(promised as t.TSType, helper.module, know.modules) : null;
}
