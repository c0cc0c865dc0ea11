/**
 * Block bodies. Control flow becomes values: each assignment gives a local its next value, what branches assign is joined
 * by `if`, and what follows an `if` that may leave (return, break) is read inside the branches that go on.
 */
import type * as t from "@babel/types";
import { isFunction } from "@babel/types";
import { isFallible } from "../../functions/fallible.ts";
import type { Expression } from "../../ir/expression.ts";
import type { SourceSpan } from "../../ir/types.ts";
import { assign } from "./assignment.ts";
import { moveDate } from "./dates-in-place.ts";
import { checkTruthiness } from "./decided.ts";
import { equality } from "./equality.ts";
import { readExpression } from "./expression.ts";
import { both, either, type Facts } from "./facts.ts";
import { close, type Frame } from "./frame.ts";
import { contains, hoistedNames } from "./names.ts";
import { counted, elements, unroll } from "./loops.ts";
import { bindPattern } from "./patterns.ts";
import { survey } from "./survey.ts";
import { choose, toTest, type Test } from "./truth.ts";
import { unknown, type Value } from "./value.ts";

/** What is read after a piece of code, where control comes out of it. */
export type Next = (frame: Frame) => Value;
type Piece = (frame: Frame, next: Next) => Value;

/** The value a body returns; undefined when control reaches its end. */
export function runBody(block: t.BlockStatement, frame: Frame): Value {
  const span = frame.span(block);
  for (const name of hoistedNames(block)) {
    frame.state.needsScript(`'${name}', a var of an inner block that is used outside of it, has no native form`);
    frame.declare(name, unknown, { constant: false });
  }
  return runBlock(block.body, frame, () => ({ kind: "nothing", value: undefined, span }));
}

export function runBlock(statements: readonly t.Statement[], outer: Frame, next: Next): Value {
  const frame = outer.block();
  for (const statement of statements) {
    if (statement.type === "FunctionDeclaration" && statement.id) {
      frame.declare(statement.id.name, { kind: "helper", node: statement, name: statement.id.name, scope: frame.scope, closure: frame });
    }
  }
  return run(statements, 0, frame, (inner) => next(outer.in(inner.flow)));
}

function run(statements: readonly t.Statement[], from: number, frame: Frame, next: Next): Value {
  for (let i = from; i < statements.length; i++) {
    const statement = statements[i]!;
    if (!frame.state.step()) return unknown;
    const rest: Next = (inner) => run(statements, i + 1, frame.in(inner.flow), next);
    switch (statement.type) {
      case "ReturnStatement":
        return statement.argument ? readExpression(statement.argument, frame) : { kind: "nothing", value: undefined, span: frame.span(statement) };
      case "BlockStatement":
        return runBlock(statement.body, frame, rest);
      case "IfStatement": {
        checkTruthiness(statement.test, frame);
        const test = toTest(readExpression(statement.test, frame), frame.span(statement.test));
        const piece = (node: t.Statement | null | undefined): Piece => (inner, out) => (node ? runBlock([node], inner, out) : out(inner));
        return branch(test, piece(statement.consequent), piece(statement.alternate), leaves(statement), frame.span(statement), frame, rest);
      }
      case "BreakStatement":
      case "ContinueStatement":
        if (frame.loop && !statement.label) return statement.type === "BreakStatement" ? frame.loop.break(frame) : frame.loop.continue(frame);
        leaveToV8(statement, "a jump to a label has no native form", frame);
        break;
      case "ForOfStatement":
      case "ForStatement": {
        const rounds = statement.type === "ForStatement" ? counted(statement, frame) : elements(statement, frame);
        if (rounds) return unroll(statement.body, rounds, frame, rest);
        leaveToV8(statement, "a loop of unknown length has no native form", frame);
        break;
      }
      case "SwitchStatement": {
        const cases = casesOf(statement);
        if (cases === null) {
          leaveToV8(statement, "this switch falls through from case to case", frame);
          break;
        }
        return runSwitch(statement, cases, frame, rest);
      }
      case "VariableDeclaration":
        declare(statement, frame);
        break;
      case "ExpressionStatement":
        effect(statement.expression, frame);
        break;
      case "FunctionDeclaration":
      case "EmptyStatement":
      case "TSTypeAliasDeclaration":
      case "TSInterfaceDeclaration":
        break;
      default:
        leaveToV8(statement, `${describeStatement(statement)} has no native form`, frame);
    }
  }
  return next(frame);
}

function leaveToV8(statement: t.Statement, reason: string, frame: Frame): void {
  const { inlining } = frame.state;
  const where = inlining.at(-1);
  frame.state.needsScript(where ? `${reason} (in ${where.name})` : reason);
  survey(statement, frame);
}

function describeStatement(statement: t.Statement): string {
  if (/^(For|While|DoWhile)/.test(statement.type)) return "a loop";
  if (statement.type === "ThrowStatement") return "throw";
  if (statement.type === "TryStatement") return "try";
  return statement.type.replace(/(Statement|Declaration)$/, "").toLowerCase();
}

function declare(statement: t.VariableDeclaration, frame: Frame): void {
  if (statement.kind === "using" || statement.kind === "await using") {
    leaveToV8(statement, "using has no native form", frame);
    return;
  }
  for (const { id, init } of statement.declarations) {
    const value: Value = init ? readExpression(init, frame) : { kind: "nothing", value: undefined, span: frame.span(id) };
    const named: Value = value.kind === "helper" && id.type === "Identifier" ? { ...value, name: id.name } : value;
    bindPattern(id, named, frame, statement.kind === "const");
  }
}

/** An expression for its effect: assignments, and calls that have none. */
function effect(node: t.Expression, frame: Frame): void {
  if (node.type === "AssignmentExpression" || node.type === "UpdateExpression") {
    assign(node, frame);
    return;
  }
  if (moveDate(node, frame)) return;
  const value = readExpression(node, frame);
  if (value.kind === "scalar" && isFallible(value.expression)) frame.state.needsScript("an expression evaluated only because it may throw has no native form");
}

/** Reads both branches, then what follows: inside them when one may leave, else once, after joining their assignments. */
function branch(test: Test, then: Piece, otherwise: Piece, mayLeave: boolean, span: SourceSpan, frame: Frame, next: Next): Value {
  if (mayLeave) {
    const side = (piece: Piece, facts: Facts) => {
      const inner = frame.branch(facts);
      return close(inner.flow, piece(inner, next));
    };
    return choose(test.test, side(then, test.then), side(otherwise, test.else), span, test);
  }
  const [a, b] = [frame.branch(test.then), frame.branch(test.else)];
  for (const [piece, inner] of [[then, a], [otherwise, b]] as const) piece(inner, () => unknown);
  join(test.test, a, b, span, frame);
  return next(frame);
}

/** Locals that the branches left with different values become `test ? one : other`. */
function join(test: Expression, a: Frame, b: Frame, span: SourceSpan, frame: Frame): void {
  const changed = [...frame.flow.current.keys()].filter((variable) => a.flow.current.get(variable) !== b.flow.current.get(variable));
  let tested = test;
  if (changed.length > 1) {
    const named = frame.bind("test", { kind: "scalar", expression: test, null: false, undefined: false });
    if (named.kind === "scalar") tested = named.expression;
  }
  for (const variable of changed) {
    const [x, y] = [a, b].map(({ flow }) => close(flow, flow.current.get(variable) ?? unknown)) as [Value, Value];
    frame.flow.current.set(variable, frame.bind(variable.name, choose(tested, x, y, span)));
  }
  frame.flow.facts = both(frame.flow.facts, either(a.flow.facts, b.flow.facts));
}

/** Does control leave it otherwise than at its end? */
const leaves = (node: t.Node) => contains(node, (inner) => /^(Return|Break|Continue)Statement$/.test(inner.type), isFunction);

interface Case {
  /** Empty: default. */
  readonly tests: readonly t.Expression[];
  readonly body: readonly t.Statement[];
}

/** The cases as branches; null when one runs on into the next. */
function casesOf(node: t.SwitchStatement): Case[] | null {
  const cases: Case[] = [];
  let tests: t.Expression[] = [];
  for (const [i, { test, consequent }] of node.cases.entries()) {
    const last = i === node.cases.length - 1;
    // A default joined with cases, or before them, would be tested too early.
    if (!test && (!last || tests.length > 0)) return null;
    if (test) tests.push(test);
    if (consequent.length === 0 && !last) continue;
    const flat = consequent.length === 1 && consequent[0]!.type === "BlockStatement" ? consequent[0].body : consequent;
    const end = flat.at(-1);
    const body = end?.type === "BreakStatement" && !end.label ? flat.slice(0, -1) : flat;
    const ends = last || body !== flat || end?.type === "ReturnStatement" || end?.type === "ThrowStatement";
    if (!ends || body.some(breaks)) return null;
    cases.push({ tests, body });
    tests = [];
  }
  return cases;
}

/** A `break` that is not the last statement of its case. */
const breaks = (node: t.Node) =>
  contains(node, (inner) => inner.type === "BreakStatement", (inner) => isFunction(inner) || /^(For|While|DoWhile|Switch)/.test(inner.type));

const anyOf = (a: Test, b: Test): Test => ({
  test: { kind: "or", left: a.test, right: b.test, type: { js: "boolean", nullable: false }, span: a.test.span },
  then: either(a.then, b.then),
  else: both(a.else, b.else),
});

function runSwitch(node: t.SwitchStatement, cases: readonly Case[], frame: Frame, next: Next): Value {
  const inner = frame.block();
  const mayLeave = cases.some((one) => one.body.some(leaves));
  const span = frame.span(node);
  const subject = inner.bind("subject", readExpression(node.discriminant, inner));
  const tested = (test: t.Expression): Test =>
    toTest(equality("===", [subject, node.discriminant], [readExpression(test, inner), test], test, inner), inner.span(test));
  const rest = (i: number): Piece => (at, out) => {
    const one = cases[i];
    if (!one) return out(at);
    const own: Piece = (f, o) => runBlock(one.body, f, o);
    if (one.tests.length === 0) return own(at, out);
    return branch(one.tests.map(tested).reduce(anyOf), own, rest(i + 1), mayLeave, span, at, out);
  };
  return rest(0)(inner, (f) => next(frame.in(f.flow)));
}
