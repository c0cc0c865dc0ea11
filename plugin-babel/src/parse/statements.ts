/** Statements → blocks of the control-flow graph. */
import type * as t from "@babel/types";
import { tableEscapes } from "../diagnostics/table-escapes.ts";
import { readCondition, readExpression, readGather, searchCallback } from "./frontends/tables/expressions.ts";
import { listedIn } from "./frontends/tables/shapes.ts";
import type { Reading } from "./function.ts";
import { sends } from "../source/effects.ts";
import { textOf } from "../source/module.ts";
import { functionOf } from "../source/names.ts";
import { swallows } from "../source/throws.ts";
import { isTypeOnly } from "../source/walk.ts";

export function readStatements(statements: readonly t.Statement[], r: Reading): void {
  for (const statement of statements) {
    // What follows a return or break never runs: nothing of it enters the graph.
    if (!r.builder.current) return;
    readStatement(statement, r);
  }
}

type StatementReader<K extends t.Statement["type"]> = (node: Extract<t.Statement, { type: K }>, r: Reading) => void;

const readers: { [K in t.Statement["type"]]?: StatementReader<K> } = {
  ExpressionStatement: (node, r) => void readExpression(node.expression, r),
  VariableDeclaration: (node, r) => {
    for (const { id, init } of node.declarations) if (init && !isHelper(id, r)) readAssignment(id, init, r);
  },
  // An async function awaits what it returns, but its own `catch` does not see that fail.
  ReturnStatement: (node, r) => r.return(node.argument ? readExpression(node.argument, r, r.promised && r.builder.handler === null ? "awaited" : "value") : null, node.argument),
  ThrowStatement: (node, r) => {
    if (readExpression(node.argument, r) !== null) r.report(tableEscapes(r.span(node.argument), "that is thrown"));
    r.builder.end({ kind: "throw" });
  },
  ClassDeclaration: (node, r) => searchCallback(node.body, r),
  // Read where it is called; one that is handed on runs when JavaScript likes.
  FunctionDeclaration: (node, r) => {
    const binding = node.id && r.place.scope.getBinding(node.id.name);
    if (binding && !binding.referencePaths.every((p) => p.key === "callee")) searchCallback(node, r);
  },
  BlockStatement: (node, r) => r.within(node, () => readStatements(node.body, r)),
  IfStatement: (node, r) => {
    const [then, otherwise, after] = [r.builder.newBlock(), r.builder.newBlock(), r.builder.newBlock()];
    readCondition(node.test, then, otherwise, r);
    branch(then, () => readStatement(node.consequent, r), after, r);
    branch(otherwise, () => node.alternate && readStatement(node.alternate, r), after, r);
    r.builder.seal(after.id);
    r.builder.enter(after);
    if (after.predecessors.length === 0) r.builder.current = null;
  },
  WhileStatement: (node, r) => readLoop(r, { test: node.test, body: node.body, testFirst: true }),
  DoWhileStatement: (node, r) => readLoop(r, { test: node.test, body: node.body, testFirst: false }),
  ForStatement: (node, r) =>
    r.within(node, () => {
      if (node.init?.type === "VariableDeclaration") readStatement(node.init, r);
      else if (node.init) {
        mayFail(node.init, r);
        readExpression(node.init, r);
      }
      readLoop(r, { test: node.test ?? null, update: node.update ?? null, body: node.body, testFirst: true });
    }),
  ForOfStatement: (node, r) => {
    readGather(node, r);
    r.within(node, () => readLoop(r, { each: node.right, body: node.body, testFirst: true }));
  },
  ForInStatement: (node, r) => {
    readExpression(node.right, r);
    r.within(node, () => readLoop(r, { each: node.right, body: node.body, testFirst: true }));
  },
  LabeledStatement: (node, r) => {
    const after = r.builder.newBlock();
    const label = node.label.name;
    r.label = label;
    r.loops.push({ label, onBreak: after.id, onContinue: null });
    readStatement(node.body, r);
    r.loops.pop();
    r.builder.goto(after);
    r.builder.seal(after.id);
    r.builder.enter(after);
    if (after.predecessors.length === 0) r.builder.current = null;
  },
  BreakStatement: (node, r) => jump(node.label?.name ?? null, "onBreak", r),
  ContinueStatement: (node, r) => jump(node.label?.name ?? null, "onContinue", r),
  SwitchStatement: (node, r) => readSwitch(node, r),
  TryStatement: (node, r) => readTry(node, r),
};

function readStatement(node: t.Statement, r: Reading): void {
  if (isTypeOnly(node)) return;
  for (const part of evaluatedFirst(node)) if (part) mayFail(part, r);
  const reader = readers[node.type] as StatementReader<t.Statement["type"]> | undefined;
  reader?.(node as never, r);
}

/** What of a statement is evaluated before its inner statements; loops' tests and steps are read in blocks of their own. */
function evaluatedFirst(node: t.Statement): readonly (t.Node | null | undefined)[] {
  switch (node.type) {
    case "ExpressionStatement":
      return [node.expression];
    case "VariableDeclaration":
    case "ClassDeclaration":
      return [node];
    case "ReturnStatement":
    case "ThrowStatement":
      return [node.argument];
    case "ForOfStatement":
    case "ForInStatement":
      return [node.right];
    case "SwitchStatement":
      return [node.discriminant, ...node.cases.map(({ test }) => test)];
    default:
      return [];
  }
}

/**
 * What may throw on some ranks alone is a way of some into the handler, as `if (…) throw` is. It is drawn in front of the whole expression, as if
 * whatever communicates in that came after it.
 */
export function mayFail(node: t.Node, r: Reading): void {
  const { builder } = r;
  const failing = builder.handler === null || !builder.current ? null : r.failing(node);
  if (!failing) return;
  const [thrown, on] = [builder.newBlock(), builder.newBlock()];
  builder.end({ kind: "branch", condition: failing, then: thrown.id, else: on.id });
  branch(thrown, () => builder.end({ kind: "throw" }), on, r);
  builder.seal(on.id);
  builder.enter(on);
}

/** `const t = …`, `t = …`, `const [a, b] = await Promise.all([…])`. */
export function readAssignment(target: t.Node, value: t.Node, r: Reading): void {
  const elements = target.type === "ArrayPattern" && target.elements.some((e) => e?.type === "Identifier" && r.variable(e.name)) ? listedIn(value) : null;
  const values = readExpression(value, r, elements ? "list" : "value");
  if (target.type === "ArrayPattern" && elements) {
    target.elements.forEach((element, n) => {
      const variable = element?.type === "Identifier" ? r.variable(element.name) : null;
      const held = r.listed[n];
      if (variable && element) r.builder.write(variable, held ?? null, { span: r.span(element), frame: r.frame.id });
    });
    return;
  }
  if (values !== null && target.type === "MemberExpression") return r.report(tableEscapes(r.span(target), "in a property"));
  if (values !== null && target.type !== "Identifier") {
    const fix = target.type === "ArrayPattern" ? "take its rows: const [first] = t.objects({ limit: 1 })" : "call its methods on it, t.numRows(); a column's values are t.array(\"x\")";
    return r.report(tableEscapes(r.span(target), "that is taken apart", fix));
  }
  if (target.type !== "Identifier") return;
  const variable = r.variable(target.name);
  if (variable) r.builder.write(variable, values, { span: r.span(target), frame: r.frame.id });
}

/** `const load = async (path) => …`, only ever called: read where it is called, as a function declaration is. */
function isHelper(id: t.Node, r: Reading): boolean {
  const binding = id.type === "Identifier" ? r.place.scope.getBinding(id.name) : undefined;
  return binding !== undefined && functionOf(binding) !== null && binding.referencePaths.every((p) => p.key === "callee");
}

function branch(block: ReturnType<Reading["builder"]["newBlock"]>, body: () => void, after: ReturnType<Reading["builder"]["newBlock"]>, r: Reading): void {
  r.builder.seal(block.id);
  r.builder.enter(block);
  body();
  r.builder.goto(after);
}

export interface LoopParts {
  /** Null: for ever. */
  readonly test?: t.Expression | null;
  readonly update?: t.Expression | null;
  /** The collection of a for…of or for…in. */
  readonly each?: t.Expression;
  readonly body: t.Statement | (() => void);
  readonly testFirst: boolean;
}

export function readLoop(r: Reading, { test, update, each, body, testFirst }: LoopParts): void {
  const { builder } = r;
  const label = r.label;
  r.label = null;
  builder.loopDepth++;
  const [header, start, step] = [builder.newBlock(), builder.newBlock(), builder.newBlock()];
  builder.loopDepth--;
  const after = builder.newBlock();
  builder.goto(testFirst ? header : start);
  builder.loopDepth++;

  const readTest = () => {
    builder.enter(header);
    if (each) builder.end({ kind: "branch", condition: r.rounds(each, `of ${textOf(each, r.frame.module)}`), then: start.id, else: after.id });
    else if (test) readCondition(test, start, after, r);
    else builder.goto(start);
  };
  if (testFirst) readTest();
  if (testFirst) builder.seal(start.id);
  builder.enter(start);
  r.loops.push({ label, onBreak: after.id, onContinue: step.id });
  if (typeof body === "function") body();
  else readStatement(body, r);
  r.loops.pop();
  builder.goto(step);
  builder.seal(step.id);
  builder.enter(step);
  if (step.predecessors.length === 0) builder.current = null;
  else if (update) {
    mayFail(update, r);
    readExpression(update, r);
  }
  if (testFirst) builder.goto(header);
  else {
    builder.goto(header);
    readTest();
    builder.seal(start.id);
  }
  builder.seal(header.id);
  builder.loopDepth--;
  builder.seal(after.id);
  builder.enter(after);
  if (after.predecessors.length === 0) builder.current = null;
}

function jump(label: string | null, where: "onBreak" | "onContinue", r: Reading): void {
  const loop = r.loops.findLast((l) => (label === null ? l[where] !== null && (where === "onContinue" || l.label === null || l.onContinue !== null) : l.label === label && l[where] !== null));
  const target = loop?.[where];
  if (target !== null && target !== undefined) r.builder.goto(r.builder.blocks[target]!);
}

function readSwitch(node: t.SwitchStatement, r: Reading): void {
  const { builder } = r;
  readExpression(node.discriminant, r);
  r.within(node, () => {
    const after = builder.newBlock();
    const bodies = node.cases.map(() => builder.newBlock());
    node.cases.forEach((c, n) => {
      if (!c.test || !builder.current) return;
      readExpression(c.test, r);
      const next = builder.newBlock();
      const source = `${textOf(node.discriminant, r.frame.module)} === ${textOf(c.test, r.frame.module)}`;
      builder.end({ kind: "branch", condition: r.condition(node.discriminant, source), then: bodies[n]!.id, else: next.id });
      builder.seal(next.id);
      builder.enter(next);
    });
    const fallback = node.cases.findIndex((c) => !c.test);
    builder.goto(fallback < 0 ? after : bodies[fallback]!);
    r.loops.push({ label: null, onBreak: after.id, onContinue: null });
    node.cases.forEach((c, n) => {
      builder.seal(bodies[n]!.id);
      builder.enter(bodies[n]!);
      readStatements(c.consequent, r);
      builder.goto(bodies[n + 1] ?? after);
    });
    r.loops.pop();
    builder.seal(after.id);
    builder.enter(after);
    if (after.predecessors.length === 0) builder.current = null;
  });
}

function readTry(node: t.TryStatement, r: Reading): void {
  const { builder } = r;
  const handler = builder.newBlock();
  const after = builder.newBlock();
  const outer = builder.handler;
  builder.handler = handler.id;
  const body = builder.newBlock();
  const before = builder.current!;
  builder.goto(body);
  builder.seal(body.id);
  builder.enter(body);
  r.within(node.block, () => readStatements(node.block.body, r));
  builder.handler = outer;
  builder.goto(after);
  builder.seal(handler.id);
  builder.enter(handler);
  const { handler: clause } = node;
  const { finalizer } = node;
  const isMet = finalizer ? r.shapes.touches(finalizer, r.place) || sends(finalizer, r.place) : false;
  if (clause) r.within(clause, () => readStatement(clause.body, r));
  else if (finalizer && !isMet && !swallows(finalizer)) builder.end({ kind: "throw" });
  else if (outer !== null) {
    // Nobody has caught it: behind the finalizer it goes on to the handler outside.
    const thrown = builder.newBlock();
    builder.end({ kind: "branch", condition: { source: "an error", span: r.span(node.block) }, then: thrown.id, else: after.id });
    builder.seal(thrown.id);
    builder.enter(thrown);
    builder.end({ kind: "throw" });
  }
  builder.goto(after);
  const isPassed = after.predecessors.length > 0;
  if (!isPassed && finalizer && isMet) {
    // All ways leave the function or a loop, and come by the finalizer.
    before.terminator = { kind: "branch", condition: { source: "finally", span: r.span(finalizer) }, then: body.id, else: after.id };
    after.predecessors.push(before.id);
  }
  builder.seal(after.id);
  builder.enter(after);
  if (after.predecessors.length === 0) builder.current = null;
  else if (finalizer) readStatement(finalizer, r);
  if (!isPassed) r.return(null);
}
