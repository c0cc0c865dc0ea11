/** What code writes: by assignment, by destructuring, by `delete`, and by the methods and functions that change what they are given. */
import type * as t from "@babel/types";
import { methodOf } from "./methods.ts";
import { bare } from "./module.ts";

const changers: Readonly<Record<string, ReadonlySet<string>>> = {
  Object: new Set(["assign", "defineProperty", "defineProperties", "setPrototypeOf", "freeze", "seal"]),
  Reflect: new Set(["set", "defineProperty", "deleteProperty", "setPrototypeOf"]),
};

/** The variables and members that `node` itself writes; of a call, the object that it changes. */
export function writtenBy(node: t.Node): t.Node[] {
  switch (node.type) {
    case "AssignmentExpression":
      return targetsOf(node.left);
    case "UpdateExpression":
      return [bare(node.argument)];
    case "UnaryExpression":
      return node.operator === "delete" ? [bare(node.argument)] : [];
    case "ForOfStatement":
    case "ForInStatement":
      return node.left.type === "VariableDeclaration" ? [] : targetsOf(node.left);
    default:
      return [];
  }
}

/** `seen` of `seen.push(1)`, `state` of `Object.assign(state, …)`; null for other calls. */
export function changedBy(node: t.CallExpression | t.OptionalCallExpression): t.Node | null {
  const callee = bare(node.callee);
  if ((callee.type !== "MemberExpression" && callee.type !== "OptionalMemberExpression") || callee.computed || callee.property.type !== "Identifier") return null;
  const object = bare(callee.object);
  const [first] = node.arguments;
  if (object.type === "Identifier" && Object.hasOwn(changers, object.name)) return first && changers[object.name]!.has(callee.property.name) ? bare(first) : null;
  return methodOf(callee.property.name)?.mutates ? object : null;
}

/** The variables and members that a pattern writes. */
export function targetsOf(node: t.Node): t.Node[] {
  const e = bare(node);
  switch (e.type) {
    case "ArrayPattern":
      return e.elements.flatMap((element) => (element ? targetsOf(element) : []));
    case "ObjectPattern":
      return e.properties.flatMap((p) => targetsOf(p.type === "RestElement" ? p.argument : p.value));
    case "AssignmentPattern":
      return targetsOf(e.left);
    case "RestElement":
      return targetsOf(e.argument);
    default:
      return [e];
  }
}

/** `a` of `a.b[c].d`; null where the object is not a variable's. */
export function rootOf(node: t.Node): t.Identifier | null {
  let e = bare(node);
  while (e.type === "MemberExpression" || e.type === "OptionalMemberExpression") e = bare(e.object);
  return e.type === "Identifier" ? e : null;
}
