/**
 * Looking through what only V8 runs: which columns it reads, and the mistakes that stay mistakes there (misspelt columns,
 * writes to the outside, aggregates, clocks). Control flow is not followed, so types are left to tsc.
 */
import { isExpression, isFunction } from "@babel/types";
import type * as t from "@babel/types";
import { isList } from "../../ir/types.ts";
import { readExpression } from "./expression.ts";
import type { Frame } from "./frame.ts";
import { elementType } from "./list-column.ts";
import { declaredNames, isNameOnly, isPattern, parts, walk } from "./names.ts";
import { annotation } from "./static-type.ts";
import { typeOf, opaque, plain, unknown, type StaticType, type Value } from "./value.ts";

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
  if (node.type === "ForOfStatement" && node.left.type === "VariableDeclaration") typeElement(node.left.declarations[0]!, node.right, frame);
  for (const [child, key] of parts(node)) visit(child, node, key, frame, own);
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
  if (child.type === "VariableDeclarator") typeDeclared(child, child.init, frame);
  if (isExpression(child) && !isPattern(child)) wholeRows(readExpression(child, frame), child, frame);
  else eachPart(child, frame, own);
}

/** A row that is handed on whole, `JSON.stringify(d)`, has all its columns. */
function wholeRows(value: Value, node: t.Node, frame: Frame): void {
  if (value.kind === "row") for (const { name } of frame.state.environment.params[value.param] ?? []) frame.state.columns.add(name);
  if (value.kind === "record") for (const name of value.names ?? []) wholeRows(value.member(name, node) ?? unknown, node, frame);
  if (value.kind === "list") for (const item of value.items) wholeRows(item, node, frame);
}

/** A name declared inside has the type of its annotation or first value, as far as that is a column's. */
function typeDeclared({ id }: t.VariableDeclarator, init: t.Node | null | undefined, frame: Frame): void {
  if (id.type !== "Identifier") return;
  const type = annotation(id.typeAnnotation, frame.scope) ?? (init && typeOf(readExpression(init, frame)));
  if (type?.js) setType(id.name, type, id, frame);
}

/** `for (const c of text)`, `for (const tag of d.tags)` */
function typeElement({ id }: t.VariableDeclarator, list: t.Node, frame: Frame): void {
  const value = readExpression(list, frame);
  const isText = (value.kind === "scalar" && value.expression.type.js === "string") || (value.kind === "any" && value.of === "string[]");
  const held = value.kind === "scalar" && isList(value.expression.type.js) ? elementType(value) : null;
  if (id.type === "Identifier" && (isText || held)) setType(id.name, held ?? plain("string"), id, frame);
}

function setType(name: string, type: StaticType, at: t.Node, frame: Frame): void {
  const variable = frame.names.get(name);
  if (variable) frame.flow.current.set(variable, opaque(type, frame.span(at)));
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
