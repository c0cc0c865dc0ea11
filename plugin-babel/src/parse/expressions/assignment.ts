/** `x = e`, `x += e`, `x++`: a local gets its next value; anything else is outside the row function. */
import type * as t from "@babel/types";
import type { TextEdit } from "../../diagnostics/diagnostic.ts";
import { rowFunctionWrites } from "../../diagnostics/row-function-writes.ts";
import { wrongOperands } from "../../diagnostics/wrong-operands.ts";
import { rootOf, writtenBy } from "../../source/writes.ts";
import { readExpression, unsupported } from "./expression.ts";
import type { Frame, Variable } from "./frame.ts";
import { logical } from "./logical.ts";
import { binary } from "./operators.ts";
import { describe, literal, scalar, typeOf, unknown, type Value } from "./value.ts";

type Assignment = t.AssignmentExpression | t.UpdateExpression;

/** An assignment inside a larger expression: its order of evaluation is V8's. */
export function readAssignment(node: Assignment, frame: Frame): Value {
  if (!assign(node, frame)) return unknown;
  frame.state.needsScript("an assignment inside an expression has no native form");
  const target = node.type === "UpdateExpression" ? node.argument : node.left;
  return target.type === "Identifier" ? readExpression(target, frame) : unknown;
}

/** An assignment that stands as a statement. False after an error. */
export function assign(node: Assignment, frame: Frame): boolean {
  const target = node.type === "UpdateExpression" ? node.argument : node.left;
  if (target.type === "Identifier") {
    const variable = frame.names.get(target.name);
    if (!variable) return outside(target, frame);
    set(variable, assigned(node, target, frame), node, frame);
    return true;
  }
  if (target.type === "MemberExpression") return member(target, node, frame);
  for (const written of writtenBy(node)) {
    const root = rootOf(written);
    if (root && !frame.names.has(root.name)) return outside(written, frame);
  }
  // Destructuring into existing variables.
  unsupported(node, "destructuring assignment has no native form", null, frame);
  return true;
}

function assigned(node: Assignment, target: t.Identifier, frame: Frame): Value {
  if (node.type === "UpdateExpression") {
    const current = readExpression(target, frame);
    const one = typeOf(current)?.js === "bigint" ? literal(1n, "bigint", frame.span(node)) : literal(1, "number", frame.span(node));
    return binary(node.operator === "++" ? "+" : "-", [current, target], [scalar(one), node], node, frame);
  }
  const operator = node.operator.slice(0, -1);
  if (operator === "") return readExpression(node.right, frame);
  const current = readExpression(target, frame);
  if (operator === "&&" || operator === "||" || operator === "??") {
    return logical(operator, [current, target], (branch) => readExpression(node.right, branch), frame.span(node), frame);
  }
  return binary(operator, [current, target], [readExpression(node.right, frame), node.right], node, frame);
}

function set(variable: Variable, value: Value, node: Assignment, frame: Frame): void {
  const previous = frame.flow.current.get(variable);
  const [from, to] = [variable.declared ?? (previous ? typeOf(previous) : null), typeOf(value)];
  if (from?.js && to?.js && from.js !== to.js) {
    frame.state.typeError(wrongOperands("=", [variable.name, describe(value)], frame.span(node), "a variable keeps its type: use another one"));
  }
  frame.flow.current.set(variable, frame.bind(variable.name, value));
}

function outside(target: t.Node, frame: Frame): false {
  frame.state.report(rowFunctionWrites(frame.text(target), frame.span(target), "variable"));
  return false;
}

/** `d.fare = 3` in a filter was to compare. */
function comparison(node: Assignment, frame: Frame): TextEdit | null {
  if (frame.state.environment.expect !== "condition" || node.type !== "AssignmentExpression" || node.operator !== "=") return null;
  const [left, right] = [frame.span(node.left), frame.span(node.right)];
  return { file: left.file, line: left.endLine, column: left.endColumn, endLine: right.line, endColumn: right.column, text: " === " };
}

/** Members of the row and of captured values are outside; of a local object they are V8's. */
function member(target: t.MemberExpression, node: Assignment, frame: Frame): boolean {
  let root: t.Node = target;
  while (root.type === "MemberExpression" || root.type === "TSNonNullExpression" || root.type === "TSAsExpression") {
    root = root.type === "MemberExpression" ? root.object : root.expression;
  }
  const variable = root.type === "Identifier" ? frame.names.get(root.name) : undefined;
  const value = variable && frame.flow.current.get(variable);
  if (value?.kind === "row") {
    frame.state.report(rowFunctionWrites(frame.text(target), frame.span(target), "row", comparison(node, frame)));
    return false;
  }
  if (!variable) return outside(target, frame);
  frame.state.needsScript("a row function that builds an object runs in V8");
  if (node.type === "AssignmentExpression") readExpression(node.right, frame);
  return true;
}
