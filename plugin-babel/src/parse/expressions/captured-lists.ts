/** Arrays and Sets of the enclosing function: `zones.includes(d.zone)` with whatever they hold when the verb is called. */
import type * as t from "@babel/types";
import { datesCompared } from "../../diagnostics/dates-compared.ts";
import { possiblyNull } from "../../diagnostics/possibly-null.ts";
import { notAssignable } from "../../diagnostics/wrong-arguments.ts";
import { memberOf, shownPath } from "../../ir/captured.ts";
import type { ListMethod } from "../../ir/expression.ts";
import { printType } from "../../ir/types.ts";
import { readArguments, type Call } from "./calls.ts";
import { foreignMember } from "./foreign.ts";
import type { Frame } from "./frame.ts";
import { absence } from "./operators.ts";
import { survey } from "./survey.ts";
import { call, capturedAs, describe, opaque, plain, scalar, type Value } from "./value.ts";

type Values = Extract<Value, { kind: "values" }>;

export function callValues(values: Values, name: string, node: Call, frame: Frame): Value {
  if (name === "includes" || name === "has") return contains(values, name, node, frame);
  survey(node, frame);
  return valuesMember(values, name, node, frame);
}

const elements: ReadonlySet<string> = new Set(["[]", "at", "find", "findLast", "pop", "shift"]);

export function valuesMember({ path, item, missing }: Values, name: string, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  if (name === "length" || name === "size") return scalar(capturedAs("value", { path: memberOf(path, name, missing !== undefined), span }, "number"));
  frame.state.needsScript(`'${shownPath(path)}' is a list known only at run time; a join with table({ … }) of it does the same natively`);
  if (elements.has(name)) return opaque({ js: item.js, null: item.nullable, undefined: name !== "[]" }, span);
  return foreignMember("string[]", name, span);
}

function contains({ item, path, missing }: Values, method: ListMethod, node: Call, frame: Frame): Value {
  const span = frame.span(node);
  const result = opaque(plain("boolean"), span);
  const args = readArguments(node.arguments, frame);
  const [sought] = args ?? [];
  if (args?.length !== 1 || !sought) {
    frame.state.needsScript("includes with a position runs in V8");
    return result;
  }
  const { value } = sought;
  if (value.kind === "any") return result;
  if (value.kind !== "scalar" || value.expression.type.js !== item.js) {
    frame.state.typeError(notAssignable(describe(value), printType(item), frame.span(sought.node)));
    return result;
  }
  if ((value.null || value.undefined) && !item.nullable) {
    frame.state.typeError(possiblyNull(frame.text(sought.node), absence(value), frame.span(sought.node), "argument"));
  }
  if (item.js === "date") frame.state.report(datesCompared("includes", span, []));
  const list = { kind: "captured", path, form: !missing ? "value" : method === "has" ? "members" : "elements", list: method, type: item, span } as const;
  return scalar(call("in", [value.expression, list], "boolean", span));
}
