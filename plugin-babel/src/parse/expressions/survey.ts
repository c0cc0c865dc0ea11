/**
 * Looking through what only V8 runs: which columns it reads, and the mistakes that stay mistakes there (misspelt columns,
 * writes to the outside, aggregates, clocks). Control flow is not followed, so types are left to tsc.
 */
import { isExpression, isFunction, VISITOR_KEYS } from "@babel/types";
import type * as t from "@babel/types";
import { readExpression } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { typeOf, opaque, unknown, type Value } from "./value.ts";

export function survey(node: t.Node, frame: Frame): void {
  const inner = frame.branch(new Set()).block();
  inner.state.surveying += 1;
  for (const name of declaredNames(node)) inner.declare(name, unknown, { constant: false });
  forget(node, inner);
  eachPart(node, inner, true);
  inner.state.surveying -= 1;
  forget(node, frame);
}

/** The parts of `node`: expressions are read, everything else is looked through. */
function eachPart(node: t.Node, frame: Frame, own: boolean): void {
  for (const key of VISITOR_KEYS[node.type] ?? []) {
    const part = (node as unknown as Record<string, t.Node | (t.Node | null)[] | null | undefined>)[key];
    for (const child of Array.isArray(part) ? part : [part]) if (child) visit(child, node, key, frame, own);
  }
}

function visit(child: t.Node, parent: t.Node, key: string, frame: Frame, own: boolean): void {
  if (child.type.startsWith("TS") && !isExpression(child)) return;
  if (isNameOnly(child, parent, key)) return;
  if (child.type === "ReturnStatement" && own) {
    frame.returns.push(child.argument ? readExpression(child.argument, frame) : unknown);
    return;
  }
  if (isFunction(child)) {
    eachPart(child, frame, false);
    return;
  }
  if (isExpression(child) && !isPattern(child)) readExpression(child, frame);
  else eachPart(child, frame, own);
}

const isPattern = (node: t.Node) => node.type === "ObjectPattern" || node.type === "ArrayPattern" || node.type === "AssignmentPattern";

/** Identifiers that are no references: declared names, property names, labels. */
function isNameOnly(child: t.Node, parent: t.Node, key: string): boolean {
  if (child.type !== "Identifier" && child.type !== "PrivateName") return false;
  if (key === "label" || key === "params" || key === "param") return true;
  if (key === "id" && (parent.type === "VariableDeclarator" || isFunction(parent) || parent.type === "ClassDeclaration")) return true;
  const computed = "computed" in parent && parent.computed === true;
  return !computed && ((key === "property" && (parent.type === "MemberExpression" || parent.type === "OptionalMemberExpression")) || key === "key");
}

/** Every name bound anywhere inside, whatever its block: inside V8's part none of them is followed. */
function declaredNames(root: t.Node): Set<string> {
  const names = new Set<string>();
  const pattern = (node: t.Node | null | undefined): void => {
    if (!node) return;
    if (node.type === "Identifier") names.add(node.name);
    else if (node.type === "RestElement") pattern(node.argument);
    else if (node.type === "AssignmentPattern") pattern(node.left);
    else if (node.type === "ArrayPattern") node.elements.forEach(pattern);
    else if (node.type === "ObjectPattern") node.properties.forEach((p) => pattern(p.type === "RestElement" ? p.argument : p.value));
  };
  walk(root, (node) => {
    if (node.type === "VariableDeclarator") pattern(node.id);
    if (isFunction(node)) node.params.forEach((param) => pattern(param as t.Node));
    if ((node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ClassDeclaration") && node.id) names.add(node.id.name);
    if (node.type === "CatchClause") pattern(node.param);
  });
  return names;
}

/** Locals assigned inside are of their type still, but of unknown value. */
function forget(root: t.Node, frame: Frame): void {
  walk(root, (node) => {
    const target = node.type === "AssignmentExpression" ? node.left : node.type === "UpdateExpression" ? node.argument : null;
    const variable = target?.type === "Identifier" ? frame.names.get(target.name) : undefined;
    const value: Value | undefined = variable && frame.flow.current.get(variable);
    if (variable && value) frame.flow.current.set(variable, opaque(variable.declared ?? typeOf(value), frame.span(root)));
  });
}

function walk(node: t.Node, enter: (node: t.Node) => void): void {
  enter(node);
  for (const key of VISITOR_KEYS[node.type] ?? []) {
    const part = (node as unknown as Record<string, t.Node | (t.Node | null)[] | null | undefined>)[key];
    for (const child of Array.isArray(part) ? part : [part]) if (child) walk(child, enter);
  }
}
