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

/** The variables, patterns and members that `node` writes, each with what it is given, if that stands there; of a call the object that it changes. */
export function assignedIn(node: t.Node): readonly (readonly [target: t.Node, value: t.Node | null])[] {
  switch (node.type) {
    case "VariableDeclarator":
      return node.init ? pairsOf(node.id, node.init) : [];
    case "AssignmentExpression":
      return pairsOf(node.left, node.right);
    case "AssignmentPattern":
      return [[node.left, node.right]];
    case "CallExpression":
    case "OptionalCallExpression": {
      const changed = changedBy(node);
      return changed ? [[changed, node]] : [];
    }
    default:
      return writtenBy(node).map((target) => [target, null]);
  }
}

/** What each variable is given: of `[a, b] = [x, y]` element by element. */
function pairsOf(target: t.Node, value: t.Node): (readonly [t.Node, t.Node])[] {
  const list = bare(value);
  if (target.type !== "ArrayPattern" || list.type !== "ArrayExpression") return [[target, value]];
  if (target.elements.some((e) => e?.type === "RestElement") || list.elements.some((e) => e?.type === "SpreadElement")) return [[target, value]];
  return target.elements.flatMap((element, n) => (element && list.elements[n] ? pairsOf(element, list.elements[n]) : []));
}

/** `a` of `a.b[c]`, of `a.get(k)!.v` and of `await a`. */
export function objectRoot(node: t.Node): t.Identifier | null {
  let e = bare(node);
  for (;;) {
    const root = rootOf(e);
    if (root) return root;
    while (e.type === "MemberExpression" || e.type === "OptionalMemberExpression") e = bare(e.object);
    if (e.type === "AwaitExpression") e = bare(e.argument);
    else if ((e.type === "CallExpression" || e.type === "OptionalCallExpression") && e.callee.type === "MemberExpression") e = bare(e.callee.object);
    else return null;
  }
}
