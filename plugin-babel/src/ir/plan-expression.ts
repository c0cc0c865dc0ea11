/** Typed expression → the plan's JSON (`native-rs/crates/plan/src/expression.rs`). */
import { Code, type Data } from "./data.ts";
import type { Expression, LiteralExpression } from "./expression.ts";

export function planExpression(e: Expression): Data {
  const type = e.type.js;
  switch (e.kind) {
    case "column":
      return { kind: "column", name: e.name, type };
    case "literal":
      return { kind: "literal", type, value: planLiteral(e) };
    case "captured": {
      const name = parameterName(e.source);
      const [member] = /^[\w$.]*/.exec(e.source.replaceAll("?.", "."))!;
      const expected = `"${e.type.nullable ? `${type} | null` : type}", "${member}"`;
      if (e.list) return new Code(`...lockstep.literals(${name}, ${expected})`, { [name]: e.source });
      return { kind: "literal", type, value: new Code(`lockstep.literal(${name}, ${expected})`, { [name]: e.source }) };
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
      const columns = e.columns.map((name, n) => ({ name, type: e.types[n]!, nullable: true }));
      const name = `row_${e.span.line}_${e.span.column + 1}`;
      return { kind: "script", function: new Code(`lockstep.script(${name})`, { [name]: e.source }), columns, source: e.source, type };
    }
  }
}

/** JSON has no NaN, infinities, -0 or bigint: those are strings (see `Literal` of the plan). */
function planLiteral(e: LiteralExpression): Data {
  const { value } = e;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !isExactInJson(value)) return Object.is(value, -0) ? "-0" : String(value);
  return value;
}

/** JSON lacks some numbers, and parsers round a literal of many digits twice: it may lose its last bit. */
function isExactInJson(value: number): boolean {
  if (Object.is(value, -0)) return false;
  return Number.isSafeInteger(value) || (Math.abs(value) >= 1e-7 && Math.abs(value) < 1e21 && Number(value.toPrecision(15)) === value);
}

/** `config.rate` → `config_rate`: the name under which a captured value enters a descriptor. What stands for undefined is not in it. */
function parameterName(source: string): string {
  const named = source.replace(/ === undefined \? .* : (String\()?.*$/, (_, text) => (text ? "_text" : "_value"));
  return named.replace(/[^\w$]+/g, "_").replace(/^_+(?=\w)|_+$/g, "") || "value";
}
