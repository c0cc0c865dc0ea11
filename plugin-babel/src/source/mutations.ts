/** Whether what a variable holds is changed, also by another name: every use of it is followed. */
import type { NodePath } from "@babel/traverse";
import type * as t from "@babel/types";
import { methods } from "../verbs/index.ts";
import { classOf, classOfBinding, memberFunction, selvesIn, staticFunctions } from "./classes.ts";
import { isScalar, methodOf } from "./methods.ts";
import { bare, type Binding } from "./module.ts";
import { functionOf } from "./names.ts";
import { changedBy, writtenBy } from "./writes.ts";

/** Members, from the variable to what is held there; `*` is any of them. */
type Members = readonly string[];
/** Whether an object lies there whose change matters. */
type IsObject = (members: Members) => boolean;

interface Question {
  readonly isObject: IsObject;
  /** The answer for a use that cannot be followed. */
  readonly lost: boolean;
  readonly counts: (change: NodePath) => boolean;
  /** Whether it is seen that the object there itself is changed. */
  readonly isSeen: IsObject;
  /** Of a variable, or of `this` in a method: each is followed once, however many ways lead there. */
  readonly answers: Map<object, Map<string, t.Node | null>>;
  /** The same of what a function does that is called: it counts where it is called. */
  readonly called: Question | null;
}

function question(lost: boolean, isObject: IsObject, counts: Question["counts"] = () => true, isSeen: IsObject = () => true): Question {
  const called: Question = { isObject, lost, counts: () => true, isSeen, answers: new Map(), called: null };
  return { ...called, counts, answers: new Map(), called };
}

/** Where a use is lost, it may. */
export const mayBeMutated = (binding: Binding, isObject: IsObject): boolean => changed(binding, question(true, isObject)) !== null;

/** Where that is certain: the assignment, or the call of the method or function that does it. */
export const mutationOf = (binding: Binding, counts?: Question["counts"], isSeen?: IsObject): t.Node | null => changed(binding, question(false, () => true, counts, isSeen));

/** Whether a method of an instance, or what reads a member of it, changes that; null: it is not known. */
export function changesItself(binding: Binding, member: string, by: "method" | "get"): boolean | null {
  const known = classOfBinding(binding);
  const fn = known && memberFunction(known, member, by);
  return fn && changeOfThis(fn, [], question(false, () => true)) !== null;
}

/** What a class changes of itself in static methods and in what reads its static members. */
export function ownChange(binding: Binding): t.Node | null {
  const ask = question(false, () => true);
  return first(staticFunctions(binding.path), (fn) => changeOfThis(fn, [], ask));
}

function changed(binding: Binding, ask: Question, members: Members = []): t.Node | null {
  return answered(binding, members, ask, () => first(binding.referencePaths, (path) => change(path, members, ask)));
}

function changeOfThis(fn: NodePath, members: Members, ask: Question): t.Node | null {
  return answered(fn.node, members, ask, () => first(selvesIn(fn), (path) => change(path, members, ask)));
}

/** What goes round in circles finds nothing more. */
function answered(of: object, members: Members, { answers }: Question, find: () => t.Node | null): t.Node | null {
  const known = answers.get(of) ?? new Map<string, t.Node | null>();
  const key = members.join("\0");
  if (!known.has(key)) {
    answers.set(of, known.set(key, null));
    known.set(key, find());
  }
  return known.get(key)!;
}

/** What lies deeper than five members is taken for what holds it: `for (const part of part)` goes down without end. */
const inside = (members: Members, name: string): Members => (members.length < 5 ? [...members, name] : members);

/** The node that changes what `path` evaluates to, which lies at `members`. */
function change(path: NodePath, members: Members, ask: Question): t.Node | null {
  const { node, parent, parentPath } = path;
  const lost = ask.lost ? parent : null;
  const ifElement = () => (ask.isObject(inside(members, "*")) ? lost : null);
  if (!ask.isObject(members) || !parentPath) return null;
  if (bare(parent) !== parent) return change(parentPath, members, ask);
  switch (parent.type) {
    case "MemberExpression":
    case "OptionalMemberExpression": {
      if (parent.object !== node) return null;
      if (isCallee(parentPath)) return changeByMethod(parentPath, memberName(parent), members, ask);
      if (isWritten(parentPath)) return ask.isSeen(members) && ask.counts(parentPath) ? parent : null;
      const getter = memberOf(parentPath, "get");
      if (getter && changeOfThis(getter, members, ask.called ?? ask) && ask.counts(parentPath)) return parent;
      return change(parentPath, inside(members, memberName(parent)), ask);
    }
    case "VariableDeclarator":
      return changeOfParts(parent.id, members, parentPath, ask);
    case "ForOfStatement":
      return parent.left.type === "VariableDeclaration" ? changeOfParts(parent.left.declarations[0]!.id, inside(members, "*"), path, ask) : ifElement();
    case "SpreadElement":
      return ifElement();
    case "CallExpression":
    case "OptionalCallExpression": {
      // Verbs only look at their arguments; an array's concat hands on what they hold.
      const callee = bare(parent.callee);
      const verb = callee.type === "MemberExpression" ? memberName(callee) : "";
      if (parent.callee === node) return lost;
      if (!methods.has(verb)) return lost ?? (changesArgument(parentPath, parent, node, members, ask) && ask.counts(parentPath) ? parent : null);
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

/** Whether a function whose source is known changes what it is given. */
function changesArgument(path: NodePath, call: t.CallExpression | t.OptionalCallExpression, node: t.Node, members: Members, ask: Question): boolean {
  if (changedBy(call) === bare(node)) return ask.isSeen(members);
  const fn = calledFunction(path);
  const at = call.arguments.indexOf(node as t.Expression);
  const parameter = fn && call.arguments.slice(0, at).every(({ type }) => type !== "SpreadElement") ? (fn.node as t.Function).params[at] : undefined;
  return Boolean(parameter && parameter.type !== "RestElement" && changeOfParts(parameter, members, fn!, ask.called ?? ask));
}

function calledFunction(path: NodePath): NodePath | null {
  const callee = path.get("callee") as NodePath;
  return callee.node.type === "Identifier" ? functionNamed(callee) : memberOf(callee, "method");
}

function functionNamed({ node, scope }: NodePath): NodePath | null {
  const binding = node.type === "Identifier" ? scope.getBinding(node.name) : undefined;
  if (!binding || !functionOf(binding)) return null;
  const fn = binding.path.node.type === "VariableDeclarator" ? (binding.path.get("init") as NodePath) : binding.path;
  return fn.isFunction() ? fn : null;
}

/** The function of a known class that `counter.next` names, or is. */
function memberOf(path: NodePath, by: "method" | "get"): NodePath | null {
  const { node } = path;
  const known = node.type === "MemberExpression" || node.type === "OptionalMemberExpression" ? classOf(node.object, path) : null;
  return known && memberFunction(known, memberName(node as t.MemberExpression), by);
}

/** `method` is called of what lies at `members`. */
function changeByMethod(callee: NodePath, method: string, members: Members, ask: Question): t.Node | null {
  const call = callee.parentPath!;
  const element = inside(members, "*");
  const own = memberOf(callee, "method");
  const known = own ? undefined : methodOf(method);
  const changes = own ? changeOfThis(own, members, ask.called ?? ask) !== null : known?.mutates === true && ask.isSeen(members);
  if (changes && ask.counts(call)) return call.node;
  if (!known?.ofList || known.mutates) return ask.lost ? call.node : null;
  if (!ask.isObject(element)) return null;
  const [callback] = call.get("arguments") as NodePath[];
  const handed = callback && known.hands ? changeInCallback(callback, known.hands, element, ask) : null;
  if (handed || isScalar(known.gives)) return handed;
  if (known.gives === "element") return change(call, element, ask);
  // A new list holds the same elements; what `reduce` gives may be one.
  return ask.lost ? (change(call, members, ask) ?? change(call, element, ask)) : null;
}

/** A callback is handed elements, and behind its index the list. */
function changeInCallback(argument: NodePath, hands: readonly number[], element: Members, ask: Question): t.Node | null {
  const fn = argument.isFunction() ? argument : functionNamed(argument);
  if (!fn) return ask.lost ? argument.parent : null;
  const { params } = fn.node as t.Function;
  if (ask.lost && params.length > hands.length + 1) return fn.node;
  const isNamed = fn !== argument;
  const found = first(hands, (n) => (params[n] ? changeOfParts(params[n], element, fn, isNamed ? (ask.called ?? ask) : ask) : null));
  return found && isNamed ? (ask.counts(argument) ? argument.parent : null) : found;
}

/** A pattern, in whose scope `at` is, takes apart what lies at `members`. */
function changeOfParts(pattern: t.Node, members: Members, at: NodePath, ask: Question): t.Node | null {
  const lost = ask.lost ? pattern : null;
  const ifElement = () => (ask.isObject(inside(members, "*")) ? lost : null);
  switch (pattern.type) {
    case "Identifier": {
      const binding = at.scope.getBinding(pattern.name);
      return binding ? changed(binding, ask, members) : lost;
    }
    case "AssignmentPattern":
      return changeOfParts(pattern.left, members, at, ask);
    case "RestElement":
      return ifElement();
    case "ArrayPattern":
      return first(pattern.elements, (part) => part && changeOfParts(part, part.type === "RestElement" ? members : inside(members, "*"), at, ask));
    case "ObjectPattern":
      return first(pattern.properties, (p) => (p.type === "RestElement" ? ifElement() : changeOfParts(p.value, inside(members, keyText(p)), at, ask)));
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
  if (name.type === "PrivateName") return `#${name.id.name}`;
  return name.type === "Identifier" && !computed ? name.name : name.type === "NumericLiteral" ? String(name.value) : "*";
}
