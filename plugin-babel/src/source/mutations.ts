/** Whether what a variable holds may be changed, also by another name: every use of it is followed, and where one is lost it may. */
import type { NodePath } from "@babel/traverse";
import type * as t from "@babel/types";
import { methods } from "../verbs/index.ts";
import { bare, type Binding } from "./module.ts";
import { writtenBy } from "./writes.ts";

/** Members, from the variable to what is held there; `*` is any of them. */
type Members = readonly string[];
/** Whether an object lies there whose change matters. */
type IsObject = (members: Members) => boolean;

export const mayBeMutated = (binding: Binding, isObject: IsObject): boolean => binding.referencePaths.some((path) => mayChange(path, [], isObject));

/** `path` evaluates to what lies at `members`. */
function mayChange(path: NodePath, members: Members, isObject: IsObject): boolean {
  const { node, parent, parentPath } = path;
  const isElement = () => isObject([...members, "*"]);
  if (!isObject(members) || !parentPath) return false;
  if (bare(parent) !== parent) return mayChange(parentPath, members, isObject);
  switch (parent.type) {
    case "MemberExpression":
    case "OptionalMemberExpression":
      if (parent.object !== node) return false;
      if (isCallee(parentPath)) return methodMayChange(parentPath, memberName(parent), members, isObject);
      return isWritten(parentPath) || mayChange(parentPath, [...members, memberName(parent)], isObject);
    case "VariableDeclarator":
      return partsMayChange(parent.id, members, parentPath, isObject);
    case "ForOfStatement":
      return parent.left.type === "VariableDeclaration" ? partsMayChange(parent.left.declarations[0]!.id, [...members, "*"], path, isObject) : isElement();
    case "SpreadElement":
      return isElement();
    case "CallExpression":
    case "OptionalCallExpression": {
      // Verbs only look at their arguments; an array's concat hands on what they hold.
      const callee = bare(parent.callee);
      const verb = callee.type === "MemberExpression" ? memberName(callee) : "";
      return parent.callee === node || !methods.has(verb) || (verb === "concat" && isElement());
    }
    case "LogicalExpression":
    case "AwaitExpression":
      return mayChange(parentPath, members, isObject);
    case "ConditionalExpression":
      return parent.test !== node && mayChange(parentPath, members, isObject);
    case "BinaryExpression":
    case "UnaryExpression":
    case "TemplateLiteral":
    case "IfStatement":
    case "ExpressionStatement":
    case "ExportSpecifier":
    case "ExportNamedDeclaration":
      return false;
    default:
      return node.type !== "ExportNamedDeclaration";
  }
}

/** `method` is called of what lies at `members`. */
function methodMayChange(callee: NodePath, method: string, members: Members, isObject: IsObject): boolean {
  const call = callee.parentPath!;
  const element = [...members, "*"];
  if (!isObject(element)) return !looking.has(method);
  if (/^(includes|has|indexOf|lastIndexOf|join|keys)$/.test(method)) return false;
  if (!looking.has(method)) return true;
  const inside = (call.get("arguments") as NodePath[]).some((argument) => {
    const fn = argument.node;
    if (fn.type !== "ArrowFunctionExpression" && fn.type !== "FunctionExpression") return fn.type === "Identifier";
    return fn.params.length > 2 || (fn.params[0] !== undefined && partsMayChange(fn.params[0], element, argument, isObject));
  });
  if (inside || /^(some|every|findIndex|findLastIndex|forEach)$/.test(method)) return inside;
  // A new list holds the same elements.
  return mayChange(call, /^(find|findLast|at|get)$/.test(method) ? element : members, isObject);
}

const looking = new Set(
  ["includes", "has", "indexOf", "lastIndexOf", "at", "slice", "concat", "join", "map", "flatMap", "filter", "some", "every", "find", "findLast", "findIndex", "findLastIndex", "forEach", "get", "keys", "values", "entries"],
);

/** A pattern, in whose scope `inside` is, takes apart what lies at `members`. */
function partsMayChange(pattern: t.Node, members: Members, inside: NodePath, isObject: IsObject): boolean {
  switch (pattern.type) {
    case "Identifier":
      return inside.scope.getBinding(pattern.name)?.referencePaths.some((path) => mayChange(path, members, isObject)) ?? true;
    case "AssignmentPattern":
      return partsMayChange(pattern.left, members, inside, isObject);
    case "RestElement":
      return isObject([...members, "*"]);
    case "ArrayPattern":
      return pattern.elements.some((part) => part && partsMayChange(part, part.type === "RestElement" ? members : [...members, "*"], inside, isObject));
    case "ObjectPattern":
      return pattern.properties.some((p) => (p.type === "RestElement" ? isObject([...members, "*"]) : partsMayChange(p.value, [...members, keyText(p)], inside, isObject)));
    default:
      return true;
  }
}

const isCallee = ({ node, parent }: NodePath): boolean => (parent.type === "CallExpression" || parent.type === "OptionalCallExpression") && parent.callee === node;

/** Also as a part of a pattern. */
function isWritten({ node, parent, parentPath }: NodePath): boolean {
  let [writer, outer] = [parent, parentPath];
  for (; outer?.parentPath && /Pattern$|^RestElement$|^ObjectProperty$|^TS/.test(writer.type); outer = outer.parentPath) writer = outer.parent;
  return writtenBy(writer).includes(bare(node));
}

const memberName = ({ computed, property }: t.MemberExpression | t.OptionalMemberExpression): string => nameOf(property, computed);
const keyText = ({ computed, key }: t.ObjectProperty): string => nameOf(key, computed);

function nameOf(name: t.Node, computed: boolean): string {
  if (name.type === "StringLiteral") return name.value;
  return name.type === "Identifier" && !computed ? name.name : name.type === "NumericLiteral" ? String(name.value) : "*";
}
