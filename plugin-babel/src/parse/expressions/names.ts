/** Names in a piece of source: which it declares, which it takes from outside. */
import { isClass, isFunction, VISITOR_KEYS } from "@babel/types";
import type * as t from "@babel/types";
import { nameIn } from "../../source/walk.ts";

/** The direct parts of a node with the key each stands under. */
export function* parts(node: t.Node): Generator<[child: t.Node, key: string]> {
  for (const key of VISITOR_KEYS[node.type] ?? []) {
    const part = (node as unknown as Record<string, t.Node | (t.Node | null)[] | null | undefined>)[key];
    for (const child of Array.isArray(part) ? part : [part]) if (child) yield [child, key];
  }
}

export function walk(node: t.Node, enter: (node: t.Node) => void): void {
  enter(node);
  for (const [child] of parts(node)) walk(child, enter);
}

/** Does `found` hold of a node inside, not counting those below `stop`? */
export function contains(node: t.Node, found: (node: t.Node) => boolean, stop: (node: t.Node) => boolean): boolean {
  if (found(node)) return true;
  return !stop(node) && parts(node).some(([child]) => contains(child, found, stop));
}

export const isPattern = (node: t.Node): boolean => node.type === "ObjectPattern" || node.type === "ArrayPattern" || node.type === "AssignmentPattern";

/** Identifiers that are no references: declared names, names of members and labels. */
export function isNameOnly(child: t.Node, parent: t.Node, key: string): boolean {
  if (child === nameIn(parent) || child.type === "PrivateName") return true;
  if (child.type !== "Identifier") return false;
  if (parent.type === "MetaProperty" || key === "params" || key === "param") return true;
  return key === "id" && (parent.type === "VariableDeclarator" || isFunction(parent) || isClass(parent));
}

/** Every name bound anywhere inside, whatever its block. */
export function declaredNames(root: t.Node): Set<string> {
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
    if ((node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || isClass(node)) && node.id) names.add(node.id.name);
    if (node.type === "CatchClause") pattern(node.param);
  });
  return names;
}

/** Names of `var`s that stand in an inner block and are used outside of it: one variable of the whole function. */
export function hoistedNames(body: t.BlockStatement): string[] {
  const uses = (root: t.Node, name: string): number => {
    let count = 0;
    walk(root, (node) => {
      if (node.type === "Identifier" && node.name === name) count++;
    });
    return count;
  };
  const found = new Set<string>();
  const visit = (node: t.Node, block: t.Node): void => {
    if (isFunction(node)) return;
    if (node.type === "VariableDeclaration" && node.kind === "var" && block !== body) {
      for (const name of declaredNames(node)) if (uses(block, name) !== uses(body, name)) found.add(name);
    }
    const inner = /^(Block|For|ForOf|ForIn|Switch)Statement$/.test(node.type) ? node : block;
    for (const [child] of parts(node)) visit(child, inner);
  };
  for (const statement of body.body) visit(statement, body);
  return [...found];
}

/** References to what is declared outside, in order of appearance. Types are no references. */
export function freeNames(root: t.Node): t.Identifier[] {
  const own = declaredNames(root);
  const free = new Map<string, t.Identifier>();
  const visit = (node: t.Node, parent: t.Node, key: string): void => {
    if (node.type.startsWith("TS") && !("expression" in node)) return;
    if (isNameOnly(node, parent, key)) return;
    if (node.type === "Identifier" && !own.has(node.name) && node.name !== "undefined" && !free.has(node.name)) free.set(node.name, node);
    for (const [child, at] of parts(node)) visit(child, node, at);
  };
  for (const [child, key] of parts(root)) visit(child, root, key);
  return [...free.values()];
}
