/** Typed expression → the plan's JSON (`native-rs/crates/plan/src/expression.rs`). */
import { shownPath } from "./captured.ts";
import { Code, type Data } from "./data.ts";
import type { Expression, LiteralExpression } from "./expression.ts";
import { planType } from "./types.ts";

export function planExpression(e: Expression): Data {
  const type = planType(e.type.js);
  switch (e.kind) {
    case "column":
      return { kind: "column", name: e.name, type };
    case "literal":
      return { kind: "literal", type, value: planLiteral(e) };
    case "captured": {
      const rest = [type, shownPath(e.path), ...(e.list ? [e.list] : []), ...(e.form === "required" ? ["required"] : e.type.nullable ? [true] : [])];
      return e.list ? new Code("literals", e, rest) : { kind: "literal", type, value: new Code("literal", e, rest) };
    }
    case "call":
      return { kind: "call", function: e.function, args: e.args.map(planExpression), type };
    case "if":
      return { kind: "if", test: planExpression(e.test), then: planExpression(e.then), else: planExpression(e.else), type };
    case "and":
    case "or":
    case "nullish":
      return { kind: e.kind, left: planExpression(e.left), right: planExpression(e.right), type };
    case "let":
      return { kind: "let", name: e.name, value: planExpression(e.value), body: planExpression(e.body) };
    case "local":
      return { kind: "local", name: e.name, type };
    case "script": {
      const columns = e.columns.map((name, n) => ({ name, type: planType(e.types[n]!), nullable: true }));
      return { kind: "script", function: new Code("script", e), columns, source: e.source, type };
    }
  }
}

/** JSON has no NaN, infinities, -0 or bigint: those are strings (see `Literal` of the plan). */
function planLiteral(e: LiteralExpression): Data {
  const { value } = e;
  if (typeof value === "bigint") return value.toString();
  return typeof value === "number" ? planNumber(value) : value;
}

/** A number where no other literal stands (`ExactNumber` of the plan). */
export function planNumber(value: number): Data {
  if (isExactInJson(value)) return value;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** JSON lacks some numbers, and parsers round a literal of many digits twice: it may lose its last bit. */
function isExactInJson(value: number): boolean {
  if (Object.is(value, -0)) return false;
  return Number.isSafeInteger(value) || (Math.abs(value) >= 1e-7 && Math.abs(value) < 1e21 && Number(value.toPrecision(15)) === value);
}
