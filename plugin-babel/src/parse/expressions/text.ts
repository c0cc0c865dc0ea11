import type * as t from "@babel/types";
import type { Expression } from "../../ir/expression.ts";
import { isList, isNested } from "../../ir/types.ts";
import type { Frame } from "./frame.ts";
import { orIfNull } from "./truth.ts";
import { call, capturedAs, isAsserted, literal, type Value } from "./value.ts";

/** `String(e)` of what is there. */
export const asString = (e: Expression): Expression => (e.type.js === "string" ? e : call("String", [e], "string", e.span));

/** A value as an argument of `concat`, which converts as `String(x)`. Null: only V8 can print it. */
export function toText(value: Value, node: t.Node, frame: Frame): Expression | null {
  const span = frame.span(node);
  switch (value.kind) {
    case "nothing":
      return literal(String(value.value), "string", span);
    case "scalar": {
      const { expression } = value;
      if (isNested(expression.type.js)) {
        frame.state.needsScript(`'${frame.text(node)}' as text runs in V8${isList(expression.type.js) ? ": join() makes it natively" : ""}`);
        return null;
      }
      if (expression.type.js === "date") {
        frame.state.needsScript("a Date as text depends on locale data that only V8 has");
        return null;
      }
      if (expression.kind === "captured" && (value.null || isAsserted(value))) {
        return capturedAs("text", expression, "string");
      }
      if (!value.undefined && !value.unchecked) return expression;
      if (value.null || value.either) {
        frame.state.needsScript(`'${frame.text(node)}' may be null or undefined, which are one in a table`);
        return null;
      }
      return orIfNull(expression, literal("undefined", "string", span), asString(expression));
    }
    case "any":
      return null;
    default:
      frame.state.needsScript(`'${frame.text(node)}' as text runs in V8`);
      return null;
  }
}
