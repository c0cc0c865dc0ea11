/** One reader per kind of node; what is not in the table has no native form. */
import type * as t from "@babel/types";
import { asyncRowFunction } from "../../diagnostics/async-row-function.ts";
import { wrongOperands } from "../../diagnostics/wrong-operands.ts";
import { readIdentifier } from "./binding.ts";
import { readCall, readNew } from "./calls.ts";
import { readChain } from "./chain.ts";
import type { Frame } from "./frame.ts";
import { readLogical, readConditional } from "./logical.ts";
import { readMember } from "./member.ts";
import { readBinary, readTemplate } from "./operators.ts";
import { readUnary } from "./unary.ts";
import { annotated } from "./annotated.ts";
import { readObject } from "./records.ts";
import { survey } from "./survey.ts";
import { readAssignment } from "./assignment.ts";
import { textPattern } from "./text-pattern.ts";
import { isList, isSameJs } from "../../ir/types.ts";
import { staticType } from "./static-type.ts";
import { asserted, literal, opaque, plain, scalar, typeOf, unknown, describe, type StaticType, type Value } from "./value.ts";

type Reader<K extends t.Node["type"]> = (node: Extract<t.Node, { type: K }>, frame: Frame) => Value;

const readers: { readonly [K in t.Node["type"]]?: Reader<K> } = {
  NumericLiteral: (node, frame) => scalar(literal(node.value, "number", frame.span(node))),
  StringLiteral: (node, frame) => scalar(literal(node.value, "string", frame.span(node))),
  BooleanLiteral: (node, frame) => scalar(literal(node.value, "boolean", frame.span(node))),
  BigIntLiteral: (node, frame) => scalar(literal(BigInt(node.value), "bigint", frame.span(node))),
  NullLiteral: (node, frame) => ({ kind: "nothing", value: null, span: frame.span(node) }),
  TemplateLiteral: readTemplate,
  Identifier: readIdentifier,
  MemberExpression: readMember,
  OptionalMemberExpression: readChain,
  CallExpression: readCall,
  OptionalCallExpression: readChain,
  NewExpression: readNew,
  UnaryExpression: readUnary,
  BinaryExpression: readBinary,
  LogicalExpression: readLogical,
  ConditionalExpression: readConditional,
  ArrayExpression: (node, frame) => {
    const items: Value[] = [];
    for (const element of node.elements) {
      if (element === null) return unsupported(node, "an array with holes has no native form", null, frame);
      if (element.type !== "SpreadElement") {
        items.push(readExpression(element, frame));
        continue;
      }
      const spread = readExpression(element.argument, frame);
      if (spread.kind !== "list") return unsupported(node, "spread has no native form", spreadType(spread), frame);
      items.push(...spread.items);
    }
    return { kind: "list", items, set: false };
  },
  ObjectExpression: readObject,
  ArrowFunctionExpression: helper,
  FunctionExpression: helper,
  ParenthesizedExpression: (node, frame) => readExpression(node.expression, frame),
  TSNonNullExpression: (node, frame) => {
    const value = readExpression(node.expression, frame);
    return value.kind === "scalar" ? asserted(value) : value;
  },
  TSAsExpression: cast,
  TSTypeAssertion: cast,
  TSSatisfiesExpression: (node, frame) => readExpression(node.expression, frame),
  TSInstantiationExpression: (node, frame) => readExpression(node.expression, frame),
  AssignmentExpression: readAssignment,
  UpdateExpression: readAssignment,
  AwaitExpression: (node, frame) => forbidden("await", node, frame),
  YieldExpression: (node, frame) => forbidden("yield", node, frame),
  ThisExpression: (node, frame) => forbidden("this", node, frame),
  Super: (node, frame) => forbidden("super", node, frame),
  MetaProperty: (node, frame) =>
    node.meta.name === "new" ? forbidden("new.target", node, frame) : unsupported(node, "import.meta has no native form", null, frame),
  RegExpLiteral: (node, frame) => {
    const pattern = textPattern(node);
    if (pattern) return { kind: "pattern", pattern };
    frame.state.needsScript("regular expressions run in V8");
    return { kind: "any", of: "RegExp" };
  },
  TaggedTemplateExpression: (node, frame) => unsupported(node, "tagged templates run in V8", null, frame),
  SequenceExpression: (node, frame) => unsupported(node, "the comma operator has no native form", null, frame),
};

/** Reads an expression; mistakes are collected in the frame's state, and the value is then `any`. */
export function readExpression(node: t.Node, frame: Frame): Value {
  const reader = readers[node.type] as Reader<t.Node["type"]> | undefined;
  return reader ? reader(node as never, frame) : unsupported(node, `${node.type} has no native form`, null, frame);
}

/** Legal JavaScript without native form: the function goes to V8, and the parts are still looked through for mistakes. */
export function unsupported(node: t.Node, reason: string, type: StaticType | null, frame: Frame): Value {
  frame.state.needsScript(reason);
  survey(node, frame);
  return opaque(type, frame.span(node));
}

/** An array that begins with what a column's array holds is taken to hold nothing else. */
function spreadType(value: Value): StaticType | null {
  const type = typeOf(value);
  return type?.js && isList(type.js) ? { ...type, null: false, undefined: false } : null;
}

function forbidden(what: Parameters<typeof asyncRowFunction>[0], node: t.Node, frame: Frame): Value {
  const { root } = frame.state;
  const isSaid = (what === "await" && root.async) || (what === "yield" && root.generator);
  if (!isSaid) frame.state.report(asyncRowFunction(what, frame.span(node)));
  return unknown;
}

function helper(node: t.ArrowFunctionExpression | t.FunctionExpression, frame: Frame): Value {
  return { kind: "helper", node, name: "the function", scope: frame.scope, closure: frame };
}

function cast(node: t.TSAsExpression | t.TSTypeAssertion, frame: Frame): Value {
  const value = readExpression(node.expression, frame);
  const type = frame.text(node.typeAnnotation) === "const" ? null : staticType(node.typeAnnotation, frame.scope);
  if (type === null) return value;
  const from = typeOf(value);
  if (from?.js && type.js && !isSameJs(from.js, type.js)) {
    const types = [describe(value), frame.text(node.typeAnnotation)];
    frame.state.typeError(wrongOperands("as", types, frame.span(node), "a cast converts nothing: use Number(…), String(…)"));
    return opaque(plain(type.js), frame.span(node));
  }
  return annotated(value, type, frame.span(node));
}
