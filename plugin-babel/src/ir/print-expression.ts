/** Expressions in prefix form with all their types, so that they read back: `add(date.getUTCMonth($ts:date):number, 1:number):number`. */
import type { CapturedExpression, Expression } from "./expression.ts";
import { typeText, type ValueType } from "./types.ts";

export function printExpression(e: Expression): string {
  return `${form(e)}:${printValueType(e.type)}`;
}

/** `number?` may be null, `number!` may be although its type denies it; `string?[]` is a list in which null may be. */
export const printValueType = (type: ValueType): string => `${typeText(type)}${!type.nullable && type.unsure ? "!" : ""}`;
const list = (es: readonly Expression[]): string => es.map(printExpression).join(", ");

function form(e: Expression): string {
  switch (e.kind) {
    case "column":
      return `$${e.second ? "2" : ""}${JSON.stringify(e.name)}`;
    case "literal":
      return literal(e.value);
    case "captured":
      return captured(e);
    case "call":
      return `${e.function}(${list(e.args)})`;
    case "if":
      return `if(${list([e.test, e.then, e.else])})`;
    case "and":
    case "or":
    case "nullish":
      return `${e.kind}(${list([e.left, e.right])})`;
    case "let":
      return `let(${JSON.stringify(e.name)}, ${list([e.value, e.body])})`;
    case "local":
      return `local(${JSON.stringify(e.name)})`;
    case "script":
      return `script(${JSON.stringify(e.source)}, ${JSON.stringify(e.reason)}, ${JSON.stringify(e.columns)}, ${JSON.stringify(e.types)}, ${JSON.stringify(e.free)})`;
  }
}

/** `captured.typeof("options", "?.limit")` */
function captured({ path: { root, members }, form, other, list }: CapturedExpression): string {
  const parts = [root, ...members.map(({ name, optional }) => `${optional ? "?." : "."}${name}`)].map((part) => JSON.stringify(part));
  return `captured${list === undefined ? "" : list === "has" ? "Set" : "List"}${form === "value" ? "" : `.${form}`}(${[...parts, ...(other ? [printExpression(other)] : [])].join(", ")})`;
}

function literal(value: null | boolean | number | string | bigint): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  return JSON.stringify(value);
}
