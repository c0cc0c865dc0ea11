/** Tests that the form of an expression decides, as tsc sees them: no types, only syntax. */
import type * as t from "@babel/types";
import { alwaysDecided } from "../../diagnostics/always-decided.ts";
import type { Frame } from "./frame.ts";

type Outcome = "always" | "never" | "sometimes";

/** Reports a condition, or an operand of `&&`, `||` and `!`, whose truth does not depend on anything. */
export function checkTruthiness(node: t.Node, frame: Frame): void {
  const outcome = truthiness(node);
  if (outcome !== "sometimes") frame.state.typeError(alwaysDecided(outcome === "always" ? "always truthy" : "always falsy", frame.span(node)));
}

/** Reports the left side of a `??` that is never null, or always. */
export function checkNullishness(node: t.Node, frame: Frame): void {
  const outcome = nullishness(node);
  if (outcome !== "sometimes") frame.state.typeError(alwaysDecided(outcome === "always" ? "always null" : "never null", frame.span(node)));
}

const both = (a: Outcome, b: Outcome): Outcome => (a === b ? a : "sometimes");

function truthiness(node: t.Node): Outcome {
  switch (node.type) {
    case "NumericLiteral":
      // 0 and 1 stand for false and true.
      return node.value === 0 || node.value === 1 ? "sometimes" : "always";
    case "ArrayExpression":
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "BigIntLiteral":
    case "ObjectExpression":
    case "RegExpLiteral":
      return "always";
    case "NullLiteral":
      return "never";
    case "UnaryExpression":
      return node.operator === "void" ? "never" : "sometimes";
    case "StringLiteral":
      return node.value === "" ? "never" : "always";
    case "TemplateLiteral":
      return node.expressions.length > 0 ? "sometimes" : node.quasis[0]!.value.raw === "" ? "never" : "always";
    case "ConditionalExpression":
      return both(truthiness(node.consequent), truthiness(node.alternate));
    case "Identifier":
      return node.name === "undefined" ? "never" : "sometimes";
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSNonNullExpression":
    case "TSSatisfiesExpression":
      return truthiness(node.expression);
    default:
      return "sometimes";
  }
}

function nullishness(node: t.Node): Outcome {
  switch (node.type) {
    case "AwaitExpression":
    case "CallExpression":
    case "OptionalCallExpression":
    case "TaggedTemplateExpression":
    case "MemberExpression":
    case "OptionalMemberExpression":
    case "MetaProperty":
    case "NewExpression":
    case "YieldExpression":
    case "ThisExpression":
    case "LogicalExpression":
    case "AssignmentExpression":
    case "SequenceExpression":
      return "sometimes";
    case "NullLiteral":
      return "always";
    case "Identifier":
      return node.name === "undefined" ? "always" : "sometimes";
    case "ConditionalExpression":
      return both(nullishness(node.consequent), nullishness(node.alternate));
    case "ParenthesizedExpression":
    case "TSAsExpression":
    case "TSNonNullExpression":
    case "TSSatisfiesExpression":
      return nullishness(node.expression);
    default:
      return "never";
  }
}
