/** `a?.b.c(x)`: what follows a `?.` is evaluated where the value before it is there, else the whole chain is undefined. */
import type * as t from "@babel/types";
import type { Expression } from "../../ir/expression.ts";
import type { SourceSpan } from "../../ir/types.ts";
import { callMember, callValue } from "./calls.ts";
import { readExpression } from "./expression.ts";
import { both, noFacts, present } from "./facts.ts";
import { close, type Frame } from "./frame.ts";
import { memberName, readProperty } from "./member.ts";
import { choose } from "./truth.ts";
import { absences, call, literal, optional, scalar, uncheckedOf, unknown, type Fields, type Scalar, type Value } from "./value.ts";

type Rest = (value: Value, frame: Frame) => Value;

export function readChain(node: t.OptionalMemberExpression | t.OptionalCallExpression, frame: Frame): Value {
  return link(node, frame, (value) => value);
}

/** Reads the chain up to `node` and hands its value on, inside the guards met on the way. */
function link(node: t.Node, frame: Frame, rest: Rest): Value {
  if (node.type === "OptionalMemberExpression") {
    return link(node.object, frame, (object, f) => step(object, node.optional, node, f, (present, g) => rest(readProperty(present, node, g), g)));
  }
  if (node.type === "OptionalCallExpression") {
    const { callee } = node;
    if (callee.type === "OptionalMemberExpression" || callee.type === "MemberExpression") {
      return link(callee.object, frame, (object, f) =>
        step(object, callee.type === "OptionalMemberExpression" && callee.optional, node, f, (present, g) => {
          const name = memberName(callee, g);
          return rest(name === null ? callValue(readProperty(present, callee, g), node, g) : callMember(present, name, callee, node, g), g);
        }),
      );
    }
    return link(callee, frame, (value, f) => rest(callValue(value, node, f), f));
  }
  return rest(readExpression(node, frame), frame);
}

function step(value: Value, optional: boolean, node: t.Node, frame: Frame, rest: Rest): Value {
  return optional ? guard(value, frame.span(node), frame, rest) : rest(value, frame);
}

/** `list.find(…)?.name` */
function guardRecord({ absent, ...record }: Fields, test: Expression, span: SourceSpan, frame: Frame, rest: Rest): Value {
  const inner = frame.branch(noFacts);
  const result = close(inner.flow, rest(record, inner));
  return choose(test, { kind: "nothing", value: undefined, span }, result, span);
}

function guard(value: Value, span: SourceSpan, frame: Frame, rest: Rest): Value {
  if (value.kind === "record" && value.absent) return guardRecord(value, value.absent, span, frame, rest);
  if (value.kind === "values" && value.missing) {
    const inner = frame.branch(noFacts);
    return choose(value.missing, { kind: "nothing", value: undefined, span }, close(inner.flow, rest(value, inner)), span);
  }
  if (value.kind === "nothing") return { kind: "nothing", value: undefined, span };
  if (value.kind === "mixed") {
    const types = value.types.filter((type) => type !== "null" && type !== "undefined");
    const result = rest({ ...value, types }, frame);
    return result.kind === "scalar" && types.length < value.types.length ? { ...result, undefined: true } : result;
  }
  if (value.kind !== "scalar") return rest(value, frame);
  if (value.required) return guard(optional(value), span, frame, rest);
  const admitted = value.null || value.undefined;
  const absent = absences(value);
  if (!absent.null && !absent.undefined) return rest(value, frame);
  const outer = frame.branch(noFacts);
  const tested = outer.bind("value", value) as Scalar;
  const inner = outer.branch(present(tested.place));
  const { unchecked: _, ...known } = tested;
  const expression = { ...tested.expression, type: { ...tested.expression.type, nullable: false } } as Scalar["expression"];
  const result = close(inner.flow, rest({ ...known, expression, null: false, undefined: false }, inner));
  if (result.kind !== "scalar") {
    if (result.kind !== "any" && result.kind !== "nothing") frame.state.needsScript("an optional chain that gives an object has no native form");
    return result.kind === "nothing" ? result : unknown;
  }
  const { js } = result.expression.type;
  const test = call("isNull", [tested.expression], "boolean", span);
  const guarded: Scalar = scalar(
    { kind: "if", test, then: literal(null, js, span), else: result.expression, type: { ...result.expression.type, nullable: true }, span },
    {
      null: result.null,
      undefined: admitted || result.undefined,
      ...uncheckedOf(...(admitted ? [] : [{ ...value, unchecked: true, either: false }]), result),
      chain: both(both(present(value.place), value.chain ?? noFacts), result.chain ?? noFacts),
      ...(result.truth ? { truth: { then: result.truth.then, else: noFacts } } : {}),
    },
  );
  return close(outer.flow, guarded);
}
