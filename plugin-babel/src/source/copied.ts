/**
 * What a row function of V8 captures is copied where its verb is called, as far as the runtime copies it (`spmd/copy.ts`): an instance of another
 * class stays what it is, and is seen changed when the function runs.
 */
import type { NodePath } from "@babel/traverse";
import type * as t from "@babel/types";
import { methods } from "../verbs/index.ts";
import { keyName } from "./constants.ts";
import { type BabelScope, bare, type Binding } from "./module.ts";
import { functionOf } from "./names.ts";
import { type Method, methodOf } from "./methods.ts";
import { mutationOf } from "./mutations.ts";

/** The runtime has the same list. */
export const COPIED: ReadonlySet<string> = new Set(
  ("Array Object Map Set Date Buffer Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float16Array Float32Array Float64Array BigInt64Array BigUint64Array").split(" "),
);

/** The variables that a function takes along, those of the local functions that it calls, too. */
export function takenAlong(names: readonly string[], scope: BabelScope, taken = new Set<Binding>()): ReadonlySet<Binding> {
  for (const name of names) {
    const binding = scope.getBinding(name);
    if (!binding || binding.scope.path.isProgram() || taken.has(binding)) continue;
    taken.add(binding);
    const fn = functionOf(binding);
    if (fn) binding.path.traverse({ ReferencedIdentifier: ({ node, scope }) => void (isAround(scope.getBinding(node.name as string), fn) && takenAlong([node.name as string], scope, taken)) });
  }
  return taken;
}

const isAround = (binding: Binding | undefined, fn: t.Node): boolean => Boolean(binding && !(fn.start! <= binding.identifier.start! && binding.identifier.end! <= fn.end!));

/** Where what a variable holds, and is not certain to be copied, is changed after `use` was evaluated: further down, or in a loop around both. */
export function changeAfter(binding: Binding, use: t.Node): t.Node | null {
  const { held, members } = origin(binding);
  // Of what holds it, only the way to it is looked at.
  const isSeen = (path: readonly string[]) => path.length >= members.length && members.every((name, n) => path[n] === name || path[n] === "*") && !isCopied(held, path);
  return mutationOf(held, (change) => isLater(change, use, held), isSeen);
}

/** `(d) => …` of `filter((d) => …)` and of `derive({ a: (d) => … })`. */
function isRowFunction(fn: NodePath): boolean {
  const call = fn.parent.type === "ObjectProperty" ? fn.parentPath!.parentPath!.parent : fn.parent;
  return call.type === "CallExpression" && call.callee.type === "MemberExpression" && call.callee.property.type === "Identifier" && methods.has(call.callee.property.name);
}

/** The table is computed where its verb stands: `derive({ … }).objects()`. */
export function isRunAtOnce(fn: NodePath): boolean {
  const call = fn.findParent(({ node: { type } }) => type === "CallExpression");
  for (let path = call?.parentPath; path?.node.type === "MemberExpression" && path.parent.type === "CallExpression"; path = path.parentPath!.parentPath) {
    const { property } = path.node;
    const verb = property.type === "Identifier" ? methods.get(property.name) : undefined;
    if (verb && verb.role !== "verb") return true;
  }
  return false;
}

/** `params` of `const p = params`, and the way from there: `const { names } = limits`. */
function origin(binding: Binding, members: readonly string[] = []): { readonly held: Binding; readonly members: readonly string[] } {
  const { node, scope } = binding.path as { node: t.Node; scope: BabelScope };
  const inside = node.type === "VariableDeclarator" && node.init && binding.constant && !isPlain(binding) ? wayTo(node.id, binding.identifier) : null;
  const [root, ...path] = inside ? chain((node as t.VariableDeclarator).init!) : [];
  const from = root === undefined ? undefined : scope.getBinding(root);
  return from && from !== binding && members.length < 20 ? origin(from, [...path, ...inside!, ...members]) : { held: binding, members };
}

/** The members that lead to a name in a pattern. */
function wayTo(pattern: t.Node, name: t.Identifier): readonly string[] | null {
  if (pattern === name) return [];
  const parts = pattern.type === "ObjectPattern" ? pattern.properties : [];
  for (const part of parts) {
    const inside = part.type === "ObjectProperty" && part.key.type === "Identifier" && !part.computed ? wayTo(part.value, name) : null;
    if (inside) return [((part as t.ObjectProperty).key as t.Identifier).name, ...inside];
  }
  return null;
}

/** `["a", "b", "c"]` of `a.b.c`; empty for what is no member of a variable. */
function chain(node: t.Node): readonly string[] {
  const e = bare(node);
  if (e.type === "Identifier") return [e.name];
  if (e.type !== "MemberExpression" || e.computed || e.property.type !== "Identifier") return [];
  const object = chain(e.object);
  return object.length === 0 ? [] : [...object, e.property.name];
}

function isCopied(binding: Binding, members: readonly string[]): boolean {
  const { node } = binding.path;
  if (isPlain(binding)) return true;
  return node.type === "VariableDeclarator" && node.id === binding.identifier && Boolean(node.init) && isMadeOf(node.init!, members, binding.scope);
}

/** What an expression gives is copied, or what lies in it at `members`. */
function isMadeOf(node: t.Node, members: readonly string[], scope: BabelScope): boolean {
  const e = bare(node);
  const [name, ...inner] = members;
  const of = (part: t.Node | null | undefined, path = members): boolean => Boolean(part) && isMadeOf(part!, path, scope);
  switch (e.type) {
    case "ArrayExpression":
      return name === undefined || e.elements.every((element) => element?.type !== "SpreadElement" && of(element, inner));
    case "ObjectExpression":
      return name === undefined || e.properties.every((p) => p.type === "ObjectProperty" && !p.computed && ((keyName(p.key) !== name && name !== "*") || of(p.value, inner)));
    case "NewExpression":
      return e.callee.type === "Identifier" && COPIED.has(e.callee.name) && !scope.getBinding(e.callee.name) && (name === undefined || (e.typeArguments?.params ?? [null]).every(isPlainType));
    case "ConditionalExpression":
      return of(e.consequent) && of(e.alternate);
    case "LogicalExpression":
      return of(e.left) && of(e.right);
    case "AwaitExpression":
      return of(e.argument);
    case "CallExpression":
      return givesCopied(e.callee, name !== undefined, scope);
    default:
      return /Literal$|^(Binary|Unary|Update)Expression$/.test(e.type);
  }
}

const isNewList = (method: Method | undefined): boolean => !method?.mutates && (method?.gives === "list" || method?.gives === "elements");

/** New lists, and with `inside` what holds nothing but plain data. */
function givesCopied(callee: t.Node, inside: boolean, scope: BabelScope): boolean {
  const e = bare(callee);
  if (e.type === "Identifier") return e.name === "structuredClone" && !scope.getBinding(e.name);
  if (e.type !== "MemberExpression" || e.computed || e.property.type !== "Identifier") return false;
  const { name } = e.property;
  const of = e.object.type === "Identifier" && !scope.getBinding(e.object.name) ? e.object.name : "";
  if (name === "objects" || (of === "JSON" && name === "parse")) return true;
  return !inside && (isNewList(methodOf(name)) || (of === "Object" && /^(keys|values|entries|fromEntries|groupBy)$/.test(name)) || (of === "Array" && /^(from|of)$/.test(name)));
}

const isPlain = ({ identifier: { typeAnnotation } }: Binding): boolean => typeAnnotation?.type === "TSTypeAnnotation" && isPlainType(typeAnnotation.typeAnnotation);

/** A type whose values are all copied, with all that they hold. An interface may be that of an instance. */
function isPlainType(type: t.Node | null | undefined): boolean {
  switch (type?.type) {
    case "TSArrayType":
      return isPlainType(type.elementType);
    case "TSTypeOperator":
      return isPlainType(type.typeAnnotation);
    case "TSTupleType":
      return type.elementTypes.every((element) => isPlainType(element.type === "TSNamedTupleMember" ? element.elementType : element));
    case "TSUnionType":
      return type.types.every(isPlainType);
    case "TSTypeReference":
      return type.typeName.type === "Identifier" && PLAIN.test(type.typeName.name) && (type.typeArguments?.params ?? []).every(isPlainType);
    default:
      return /^TS((String|Number|Boolean|BigInt|Null|Undefined)Keyword|LiteralType)$/.test(type?.type ?? "");
  }
}

const PLAIN = /^(Date|Record|(Readonly)?(Array|Map|Set))$/;

/** Whether a change comes after `use`, or may: in a function that is not called on the spot. What row functions change is said there. */
function isLater(change: NodePath, use: t.Node, binding: Binding): boolean {
  const holds = ({ node }: NodePath) => node.start! <= use.start! && node.end! >= use.end!;
  let at = change;
  for (let path: NodePath | null = change; path && !holds(path); path = path.parentPath) {
    if (!path.isFunction()) continue;
    if (isRowFunction(path)) return false;
    if (path.parent.type !== "CallExpression") return true;
    at = path.parentPath!;
  }
  if (at.node.start! >= use.end!) return true;
  return at.findParent((path) => holds(path) && path.isLoop() && binding.identifier.start! < path.node.start!) !== null;
}
