/** Whether what a variable holds is changed, also by another name: every use of it is followed. */
import type { NodePath } from "@babel/traverse";
import type * as t from "@babel/types";
import { methods } from "../verbs/index.ts";
import { bare, type Binding } from "./module.ts";
import { mutators, writtenBy } from "./writes.ts";

/** Members, from the variable to what is held there; `*` is any of them. */
type Members = readonly string[];
/** Whether an object lies there whose change matters. */
type IsObject = (members: Members) => boolean;

interface Question {
  readonly isObject: IsObject;
  /** The answer for a use that cannot be followed. */
  readonly lost: boolean;
  /** Being followed: `for (const trip of trip)` goes round in circles. */
  readonly open: Set<Binding>;
}

/** Where a use is lost, it may. */
export const mayBeMutated = (binding: Binding, isObject: IsObject): boolean => changed(binding, { isObject, lost: true, open: new Set() }, () => true) !== null;

/** Where that is certain: the assignment, or the call of the method. Of the uses that `counts`. */
export const mutationOf = (binding: Binding, counts: (use: t.Node) => boolean): t.Node | null => changed(binding, { isObject: () => true, lost: false, open: new Set() }, counts);

function changed(binding: Binding, ask: Question, counts: (use: t.Node) => boolean, members: Members = []): t.Node | null {
  if (ask.open.has(binding)) return ask.lost ? binding.identifier : null;
  ask.open.add(binding);
  const found = first(binding.referencePaths.filter(({ node }) => counts(node)), (path) => change(path, members, ask));
  ask.open.delete(binding);
  return found;
}

/** The node that changes what `path` evaluates to, which lies at `members`. */
function change(path: NodePath, members: Members, ask: Question): t.Node | null {
  const { node, parent, parentPath } = path;
  const lost = ask.lost ? parent : null;
  const ifElement = () => (ask.isObject([...members, "*"]) ? lost : null);
  if (!ask.isObject(members) || !parentPath) return null;
  if (bare(parent) !== parent) return change(parentPath, members, ask);
  switch (parent.type) {
    case "MemberExpression":
    case "OptionalMemberExpression":
      if (parent.object !== node) return null;
      if (isCallee(parentPath)) return changeByMethod(parentPath, memberName(parent), members, ask);
      return isWritten(parentPath) ? parent : change(parentPath, [...members, memberName(parent)], ask);
    case "VariableDeclarator":
      return changeOfParts(parent.id, members, parentPath, ask);
    case "ForOfStatement":
      return parent.left.type === "VariableDeclaration" ? changeOfParts(parent.left.declarations[0]!.id, [...members, "*"], path, ask) : ifElement();
    case "SpreadElement":
      return ifElement();
    case "CallExpression":
    case "OptionalCallExpression": {
      // Verbs only look at their arguments; an array's concat hands on what they hold.
      const callee = bare(parent.callee);
      const verb = callee.type === "MemberExpression" ? memberName(callee) : "";
      if (parent.callee === node || !methods.has(verb)) return lost;
      return verb === "concat" ? ifElement() : null;
    }
    case "LogicalExpression":
    case "AwaitExpression":
      return change(parentPath, members, ask);
    case "ConditionalExpression":
      return parent.test === node ? null : change(parentPath, members, ask);
    case "BinaryExpression":
    case "UnaryExpression":
    case "TemplateLiteral":
    case "IfStatement":
    case "ExpressionStatement":
    case "ExportSpecifier":
    case "ExportNamedDeclaration":
      return null;
    default:
      return node.type === "ExportNamedDeclaration" ? null : lost;
  }
}

/** `method` is called of what lies at `members`. */
function changeByMethod(callee: NodePath, method: string, members: Members, ask: Question): t.Node | null {
  const call = callee.parentPath!;
  const element = [...members, "*"];
  const looks = looking.has(method);
  if (!looks) return ask.lost || mutators.has(method) ? call.node : null;
  if (!ask.isObject(element) || /^(includes|has|indexOf|lastIndexOf|join|keys)$/.test(method)) return null;
  const inside = first(call.get("arguments") as NodePath[], (argument) => {
    const fn = argument.node;
    if (fn.type !== "ArrowFunctionExpression" && fn.type !== "FunctionExpression") return ask.lost && fn.type === "Identifier" ? fn : null;
    if (ask.lost && fn.params.length > 2) return fn;
    return fn.params[0] ? changeOfParts(fn.params[0], element, argument, ask) : null;
  });
  if (inside || /^(some|every|findIndex|findLastIndex|forEach)$/.test(method)) return inside;
  if (/^(find|findLast|at|get)$/.test(method)) return change(call, element, ask);
  // A new list holds the same elements.
  return ask.lost ? change(call, members, ask) : null;
}

const looking = new Set(
  ["includes", "has", "indexOf", "lastIndexOf", "at", "slice", "concat", "join", "map", "flatMap", "filter", "some", "every", "find", "findLast", "findIndex", "findLastIndex", "forEach", "get", "keys", "values", "entries"],
);

/** A pattern, in whose scope `inside` is, takes apart what lies at `members`. */
function changeOfParts(pattern: t.Node, members: Members, inside: NodePath, ask: Question): t.Node | null {
  const lost = ask.lost ? pattern : null;
  const ifElement = () => (ask.isObject([...members, "*"]) ? lost : null);
  switch (pattern.type) {
    case "Identifier": {
      const binding = inside.scope.getBinding(pattern.name);
      return binding ? changed(binding, ask, () => true, members) : lost;
    }
    case "AssignmentPattern":
      return changeOfParts(pattern.left, members, inside, ask);
    case "RestElement":
      return ifElement();
    case "ArrayPattern":
      return first(pattern.elements, (part) => part && changeOfParts(part, part.type === "RestElement" ? members : [...members, "*"], inside, ask));
    case "ObjectPattern":
      return first(pattern.properties, (p) => (p.type === "RestElement" ? ifElement() : changeOfParts(p.value, [...members, keyText(p)], inside, ask)));
    default:
      return lost;
  }
}

function first<T>(parts: readonly T[], find: (part: T) => t.Node | null): t.Node | null {
  for (const part of parts) {
    const found = find(part);
    if (found) return found;
  }
  return null;
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
