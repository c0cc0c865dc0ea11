import type * as t from "@babel/types";
import { methodNamed } from "../../functions/index.ts";

const comparison = /^([!=]==?|[<>]=?|in|instanceof)$/;

/** The type that an expression looks like, for the fix of what is not known: by its form alone. */
export function likelyType(node: t.Node): string | null {
  switch (node.type) {
    case "StringLiteral":
    case "TemplateLiteral":
      return "string";
    case "BooleanLiteral":
      return "boolean";
    case "NumericLiteral":
      return "number";
    case "NewExpression":
      return node.callee.type === "Identifier" && node.callee.name === "Date" ? "Date" : null;
    case "UnaryExpression":
      return node.operator === "!" ? "boolean" : node.operator === "typeof" ? "string" : null;
    case "BinaryExpression":
      if (comparison.test(node.operator)) return "boolean";
      return node.operator === "+" && [node.left, node.right].some((side) => likelyType(side) === "string") ? "string" : null;
    case "ConditionalExpression":
      return likelyType(node.consequent) ?? likelyType(node.alternate);
    case "LogicalExpression":
      return likelyType(node.right);
    case "ParenthesizedExpression":
    case "TSNonNullExpression":
      return likelyType(node.expression);
    case "CallExpression":
    case "OptionalCallExpression":
      return resultOf(node.callee);
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "BlockStatement":
      return likelyResult(node);
    default:
      return null;
  }
}

/** What is returned first. */
function likelyResult(node: t.ArrowFunctionExpression | t.FunctionExpression | t.BlockStatement): string | null {
  if (node.type !== "BlockStatement") return likelyType(node.body);
  const returned = node.body.find((statement) => statement.type === "ReturnStatement");
  return returned?.type === "ReturnStatement" && returned.argument ? likelyType(returned.argument) : null;
}

/** `String(x)`, and methods that only texts have. */
function resultOf(callee: t.CallExpression["callee"]): string | null {
  if (callee.type === "Identifier") return { String: "string", Number: "number", Boolean: "boolean" }[callee.name] ?? null;
  const isMember = callee.type === "MemberExpression" || callee.type === "OptionalMemberExpression";
  if (!isMember || callee.computed || callee.property.type !== "Identifier") return null;
  return callee.property.name === "join" ? "string" : (methodNamed("string", callee.property.name)?.result ?? null);
}
