/** What code writes: by assignment, by destructuring, by `delete`, and by the methods and functions that change what they are given. */
import type * as t from "@babel/types";
import { bare, type Binding } from "./module.ts";

/** Methods that change their array, Map or Set. */
export const mutators: ReadonlySet<string> = new Set("push pop shift unshift splice sort reverse fill copyWithin set add delete clear".split(" "));

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
  return mutators.has(callee.property.name) ? object : null;
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

/** `new URLSearchParams(…)`: not what the runtime copies for a row function (`copy.ts`). */
export function isInstance({ path: { node } }: Binding): boolean {
  const init = node.type === "VariableDeclarator" && node.init ? bare(node.init) : null;
  return init?.type === "NewExpression" && !(init.callee.type === "Identifier" && /^(Map|Set|Date|Object|\w*Array)$/.test(init.callee.name));
}

/** Where the object in a variable is changed after `use` was evaluated: further down, or in a loop around both. */
export function laterChange(binding: Binding, use: t.Node): t.Node | null {
  for (const reference of binding.referencePaths) {
    let path = reference as { readonly node: t.Node; readonly parent: t.Node; readonly parentPath: typeof reference.parentPath };
    while (path.parentPath && path.parent.type === "MemberExpression" && path.parent.object === path.node) path = path.parentPath as typeof path;
    const { node, parent } = path;
    const changed = parent.type === "CallExpression" ? changedBy(parent) : null;
    const isWrite = changed ? rootOf(changed) === reference.node : node !== reference.node && writtenBy(parent).includes(node);
    if (isWrite && (parent.start! >= use.end! || isInLoopWith(path.parentPath, use, binding))) return parent;
  }
  return null;
}

function isInLoopWith(path: Binding["path"] | null, use: t.Node, binding: Binding): boolean {
  for (let at = path; at; at = at.parentPath) {
    const { node } = at;
    const around = node.start! <= use.start! && node.end! >= use.end!;
    if (around && /^(For|ForOf|ForIn|While|DoWhile)Statement$/.test(node.type) && binding.identifier.start! < node.start!) return true;
  }
  return false;
}
