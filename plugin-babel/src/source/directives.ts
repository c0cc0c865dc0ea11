/** find-directives: which functions of a module are annotated; misspelt and misplaced directives are mistakes. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { misplacedDirective } from "../diagnostics/misplaced-directive.ts";
import { misspeltDirective } from "../diagnostics/misspelt-directive.ts";
import { notAnnotatable } from "../diagnostics/not-annotatable.ts";
import { notAsync } from "../diagnostics/not-async.ts";
import type { SourceSpan } from "../ir/types.ts";
import { type ModuleSource, spanOf, textOf } from "../source/module.ts";
import { childNodes, evaluatedNodes } from "../source/walk.ts";

export type AnnotatableFunction = t.FunctionDeclaration | t.FunctionExpression | t.ArrowFunctionExpression | t.ObjectMethod | t.ClassMethod;

export interface AnnotatedFunction {
  readonly name: string;
  readonly node: AnnotatableFunction & { body: t.BlockStatement };
  /** The directive to remove; null when it is the file's. */
  readonly directive: t.Directive | null;
}

export interface Directives {
  readonly functions: readonly AnnotatedFunction[];
  /** The file-level directive, to be removed. */
  readonly ofFile: t.Directive | null;
  readonly diagnostics: readonly Diagnostic[];
}

type Meaning = "use spmd" | "use no spmd";

/** `"use smpd"`, `"use spmd;"`, `'Use SPMD'`, `"use-spmd"`: what was meant; null for other text. */
function meant(text: string): Meaning | null {
  const words = text.toLowerCase().replace(/[^a-z]+/g, " ").trim();
  const squeezed = words.replace(/ /g, "");
  if (/^use?(not?)(spmd|smpd|spdm|psmd)$/.test(squeezed)) return "use no spmd";
  if (/^uses?(spmd|smpd|spdm|psmd|spmdd|sspmd|spm|smd)$/.test(squeezed)) return "use spmd";
  return null;
}

const isMeaning = (text: string): text is Meaning => text === "use spmd" || text === "use no spmd";

export function findDirectives(module: ModuleSource): Directives {
  const diagnostics: Diagnostic[] = [];
  const functions: AnnotatedFunction[] = [];
  const { program } = module;
  const ofFile = directiveIn(program.directives, module, diagnostics);
  const exported = new Set(module.exports.values());

  const visit = (node: t.Node, path: readonly t.Node[]): void => {
    if (isAnnotatableShape(node)) inspect(node, path);
    else if (node.type === "ExpressionStatement") inspectStray(node, path);
    for (const child of childNodes(node)) visit(child, [...path, node]);
  };

  /** A directive that JavaScript takes for a plain expression. */
  const inspectStray = (node: t.ExpressionStatement, path: readonly t.Node[]) => {
    const e = node.expression;
    const text = e.type === "StringLiteral" ? e.value : e.type === "TemplateLiteral" && e.quasis.length === 1 ? e.quasis[0]!.value.raw : null;
    if (text === null) return;
    const meaning = isMeaning(text) ? text : meant(text);
    if (meaning === null) return;
    const span = spanOf(e, module);
    if (e.type === "TemplateLiteral" && isFirst(node, path)) diagnostics.push(misspeltDirective(textOf(e, module), span, meaning));
    else diagnostics.push(misplacedDirective(span, "stands after other statements"));
  };

  const inspect = (node: AnnotatableFunction | t.ClassPrivateMethod, path: readonly t.Node[]) => {
    if (node.body.type !== "BlockStatement") return;
    const found = directiveIn(node.body.directives, module, diagnostics);
    const name = nameOf(node, path);
    const byFile = ofFile?.value.value === "use spmd" && isExported(node, path, exported);
    if (found ? found.value.value !== "use spmd" : !byFile) return;
    const what = unfit(node);
    if (what !== null) {
      if (found) diagnostics.push(notAnnotatable(spanOf(found, module), what));
      return;
    }
    if (!node.async) {
      if (found) diagnostics.push(notAsync(name, headOf(node, module)));
      return;
    }
    // Inside an annotated function it is a helper like any other.
    if (functions.some((f) => path.includes(f.node))) return;
    functions.push({ name, node: node as AnnotatedFunction["node"], directive: found });
  };

  visit(program, []);
  return { functions, ofFile, diagnostics };
}

/** `function plain`, or the arrow's parameters: not the whole body. */
export function headOf(node: t.Node, module: ModuleSource): SourceSpan {
  const span = spanOf(node, module);
  return { ...span, endLine: span.line, endColumn: span.endLine === span.line ? span.endColumn : span.column + (module.code.slice(node.start!).split("\n")[0] ?? "").length };
}

function isAnnotatableShape(node: t.Node): node is AnnotatableFunction | t.ClassPrivateMethod {
  return (
    node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression" ||
    node.type === "ObjectMethod" || node.type === "ClassMethod" || node.type === "ClassPrivateMethod"
  );
}

function directiveIn(directives: readonly t.Directive[] | null | undefined, module: ModuleSource, diagnostics: Diagnostic[]): t.Directive | null {
  let found: t.Directive | null = null;
  for (const directive of directives ?? []) {
    const text = directive.value.value;
    if (isMeaning(text)) found ??= directive;
    else {
      const meaning = meant(text);
      if (meaning) diagnostics.push(misspeltDirective(textOf(directive.value, module), spanOf(directive.value, module), meaning));
    }
  }
  return found;
}

/** First statement of a body that may have directives. */
function isFirst(node: t.ExpressionStatement, path: readonly t.Node[]): boolean {
  const parent = path.at(-1);
  return (parent?.type === "BlockStatement" || parent?.type === "Program") && parent.body[0] === node;
}

function unfit(node: AnnotatableFunction | t.ClassPrivateMethod): string | null {
  if (node.generator) return "a generator";
  if (node.type === "ClassPrivateMethod") return "a private method";
  if (node.type === "ObjectMethod" && node.kind !== "method") return `a ${node.kind === "get" ? "getter" : "setter"}`;
  if (node.type === "ClassMethod" && node.kind !== "method") return node.kind === "constructor" ? "a constructor" : `a ${node.kind === "get" ? "getter" : "setter"}`;
  if (node.type === "ClassMethod" && !node.static) return "an instance method";
  if (usesThis(node.body)) return "a function that uses 'this'";
  return usesArguments(node.body) ? "a function that uses 'arguments'" : null;
}

/** Of an arrow's body they are those of a function around it. */
function usesArguments(node: t.Node): boolean {
  if (node.type === "Identifier") return node.name === "arguments";
  if (node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ObjectMethod" || node.type === "ClassBody") return false;
  return evaluatedNodes(node).some(usesArguments);
}

function usesThis(node: t.Node): boolean {
  if (node.type === "ThisExpression" || node.type === "Super") return true;
  if (node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ObjectMethod" || node.type === "ClassBody") return false;
  return childNodes(node).some(usesThis);
}

function nameOf(node: AnnotatableFunction | t.ClassPrivateMethod, path: readonly t.Node[]): string {
  if ("id" in node && node.id) return node.id.name;
  if ((node.type === "ObjectMethod" || node.type === "ClassMethod") && node.key.type === "Identifier") return node.key.name;
  const parent = path.at(-1);
  if (parent?.type === "VariableDeclarator" && parent.id.type === "Identifier") return parent.id.name;
  if (parent?.type === "AssignmentExpression" && parent.left.type === "Identifier") return parent.left.name;
  if ((parent?.type === "ObjectProperty" || parent?.type === "ClassProperty") && parent.key.type === "Identifier") return parent.key.name;
  if (parent?.type === "ExportDefaultDeclaration") return "default_";
  return `anonymous_${node.loc?.start.line ?? 0}`;
}

/** A file-level directive annotates what the module exports at its top level. */
function isExported(node: t.Node, path: readonly t.Node[], exported: ReadonlySet<unknown>): boolean {
  const [, first, second, third] = path;
  if (first?.type === "ExportDefaultDeclaration") return path.length === 2;
  if (node.type === "FunctionDeclaration") return (first === undefined || (first.type === "ExportNamedDeclaration" && path.length === 2)) && exported.has(node.id?.name);
  const declaration = first?.type === "ExportNamedDeclaration" ? second : first;
  const declarator = first?.type === "ExportNamedDeclaration" ? third : second;
  return declaration?.type === "VariableDeclaration" && declarator?.type === "VariableDeclarator" && declarator === path.at(-1) &&
    declarator.id.type === "Identifier" && exported.has(declarator.id.name);
}
