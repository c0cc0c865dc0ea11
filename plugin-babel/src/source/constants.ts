/** Values known at build time: literals, and `const` bindings of them. */
import type * as t from "@babel/types";
import { bare } from "./module.ts";
import { mayBeMutated } from "./mutations.ts";
import type { Place } from "./names.ts";

/** A value known at build time. A `Set` of literals is its members. */
export type ConstantValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | bigint
  | readonly ConstantValue[]
  | ReadonlySet<ConstantValue>
  | { readonly [member: string]: ConstantValue };

/** Undefined in the box means the literal `undefined`; no box: not a constant. */
export function constantOf(node: t.Node, place: Place, depth = 0): { readonly value: ConstantValue } | null {
  const e = bare(node);
  const of = (inner: t.Node) => (depth > 20 ? null : constantOf(inner, place, depth + 1));
  switch (e.type) {
    case "NumericLiteral":
    case "StringLiteral":
    case "BooleanLiteral":
      return { value: e.value };
    case "BigIntLiteral":
      return { value: BigInt(e.value) };
    case "NullLiteral":
      return { value: null };
    case "TemplateLiteral":
      return template(e, of);
    case "UnaryExpression": {
      const argument = of(e.argument)?.value;
      if (e.operator === "-" && (typeof argument === "number" || typeof argument === "bigint")) return { value: -argument };
      return e.operator === "+" && typeof argument === "number" ? { value: argument } : null;
    }
    case "BinaryExpression": {
      const [left, right] = [of(e.left)?.value, of(e.right)?.value];
      if (typeof left === "string" && typeof right === "string" && e.operator === "+") return { value: left + right };
      if (typeof left !== "number" || typeof right !== "number") return null;
      const fold = { "+": left + right, "-": left - right, "*": left * right, "/": left / right, "%": left % right, "**": left ** right }[e.operator as string];
      return fold === undefined ? null : { value: fold };
    }
    case "ArrayExpression": {
      const values = e.elements.map((element) => (element && element.type !== "SpreadElement" ? of(element) : null));
      return values.every((v) => v !== null) ? { value: values.map((v) => v.value) } : null;
    }
    case "ObjectExpression": {
      const entries: [string, ConstantValue][] = [];
      for (const p of e.properties) {
        const value = p.type === "ObjectProperty" && !p.computed ? of(p.value) : null;
        const key = p.type === "ObjectProperty" ? keyName(p.key) : null;
        if (!value || key === null) return null;
        entries.push([key, value.value]);
      }
      return { value: Object.fromEntries(entries) };
    }
    case "NewExpression": {
      const members = e.callee.type === "Identifier" && e.callee.name === "Set" && e.arguments[0] ? of(e.arguments[0])?.value : undefined;
      return Array.isArray(members) ? { value: new Set(members) } : null;
    }
    case "Identifier":
      return e.name === "undefined" ? { value: undefined } : constantNamed(e.name, place, depth + 1);
    case "MemberExpression": {
      const object = of(e.object)?.value;
      if (e.computed || e.property.type !== "Identifier" || !isRecord(object)) return null;
      return e.property.name in object ? { value: object[e.property.name] } : null;
    }
    default:
      return null;
  }
}

function template({ quasis, expressions }: t.TemplateLiteral, of: (node: t.Node) => { readonly value: ConstantValue } | null): { readonly value: string } | null {
  let text = quasis[0]!.value.cooked ?? "";
  for (const [n, expression] of expressions.entries()) {
    const part = of(expression);
    if (!part || (typeof part.value === "object" && part.value !== null)) return null;
    text += String(part.value) + (quasis[n + 1]!.value.cooked ?? "");
  }
  return { value: text };
}

/** The value a `const` (or an enum) of this name has. */
export function constantNamed(name: string, place: Place, depth = 0): { readonly value: ConstantValue } | null {
  const binding = place.scope.getBinding(name);
  const declaredEnum = binding && binding.path.node.type !== "TSEnumDeclaration" ? undefined : place.module.enums.get(name);
  if (declaredEnum) return enumOf(declaredEnum, place);
  if (!binding?.constant || depth > 20) return null;
  const { node } = binding.path;
  const scoped = { module: place.module, scope: binding.scope };
  if (node.type !== "VariableDeclarator" || node.id.type !== "Identifier" || !node.init) return null;
  const constant = constantOf(node.init, scoped, depth + 1);
  // An array, record or Set can be mutated: only if nothing but reads of it are seen.
  return constant && typeof constant.value === "object" && constant.value !== null && !isConst(node.init) && mayBeMutated(binding, (path) => isObjectAt(constant.value, path)) ? null : constant;
}

/** `["a", "b"] as const` is readonly to TypeScript. */
const isConst = (init: t.Node): boolean =>
  init.type === "TSAsExpression" && init.typeAnnotation.type === "TSTypeReference" && init.typeAnnotation.typeName.type === "Identifier" && init.typeAnnotation.typeName.name === "const";

/** What lies at the path of a value, or what any element of it is, is itself an array, a Set or a record. */
function isObjectAt(value: ConstantValue, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (typeof value !== "object" || value === null) return false;
  if (first === undefined) return true;
  if (first === "*") return (value instanceof Set ? [...value] : Object.values(value)).some((held) => isObjectAt(held, rest));
  return Object.hasOwn(value, first) && isObjectAt((value as { readonly [member: string]: ConstantValue })[first], rest);
}

function enumOf(node: t.TSEnumDeclaration, place: Place): { readonly value: ConstantValue } | null {
  const members: Record<string, ConstantValue> = {};
  let next: number | null = 0;
  for (const member of node.body.members) {
    const key = keyName(member.id);
    if (key === null) return null;
    const given: ConstantValue | undefined = member.initializer ? constantOf(member.initializer, place)?.value : (next ?? undefined);
    if (given === undefined) return null;
    members[key] = given;
    // `Color[1]` is "Red".
    if (typeof given === "number") members[String(given)] = key;
    next = typeof given === "number" ? given + 1 : null;
  }
  return { value: members };
}

/** What is written somewhere. */
export interface Written {
  readonly node: t.Node;
  readonly place: Place;
}

/** The literal that a const holds, wherever it stands. */
export function writtenOut(node: t.Node, place: Place, depth = 0): Written {
  const e = bare(node);
  const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
  const declarator = binding?.constant && depth < 20 ? binding.path.node : null;
  if (declarator?.type !== "VariableDeclarator" || declarator.id.type !== "Identifier" || !declarator.init) return { node, place };
  return writtenOut(declarator.init, { module: place.module, scope: binding!.scope }, depth + 1);
}

export function keyName(key: t.Node): string | null {
  if (key.type === "Identifier") return key.name;
  if (key.type === "StringLiteral") return key.value;
  return key.type === "NumericLiteral" ? String(key.value) : null;
}

const isRecord = (v: ConstantValue | undefined): v is { readonly [member: string]: ConstantValue } =>
  typeof v === "object" && v !== null && !Array.isArray(v) && !(v instanceof Set);
