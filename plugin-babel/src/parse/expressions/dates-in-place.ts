/** `day.setUTCHours(0, 0, 0, 0)` of a Date made in the row function: its local gets the moved date as next value. */
import type * as t from "@babel/types";
import type { Expression } from "../../ir/expression.ts";
import { readArguments } from "./calls.ts";
import type { Frame, Variable } from "./frame.ts";
import { call, literal, scalar, type Scalar, type Value } from "./value.ts";

/** Fields of a fixed length, longest first: each setter takes its own and those after it. Months and years have none. */
const fields = [
  ["Date", 86_400_000],
  ["Hours", 3_600_000],
  ["Minutes", 60_000],
  ["Seconds", 1000],
  ["Milliseconds", 1],
] as const;

/** False: no such statement, or one that only V8 runs. */
export function moveDate(node: t.Expression, frame: Frame): boolean {
  if (node.type !== "CallExpression" || node.callee.type !== "MemberExpression" || node.callee.computed) return false;
  const { object, property } = node.callee;
  const variable = object.type === "Identifier" ? frame.names.get(object.name) : undefined;
  const date = variable && frame.flow.current.get(variable);
  // Only a Date made here is a local of its own; a column's or a captured one lives outside.
  if (!variable || date?.kind !== "scalar" || date.expression.type.js !== "date" || date.expression.kind !== "local") return false;
  if (date.null || date.undefined || date.lent || isShared(date.expression.name, variable, frame)) return false;
  const name = (property as t.Identifier).name;
  const args = name.startsWith("set") ? readArguments(node.arguments, frame) : null;
  const numbers = args?.map(({ value }) => (isNumber(value) ? value.expression : null));
  if (!numbers || numbers.length === 0 || numbers.includes(null)) return false;
  const time = name === "setTime" && numbers.length === 1 ? numbers[0]! : moved(date, name, numbers as Expression[]);
  if (!time) return false;
  frame.flow.current.set(variable, frame.bind(variable.name, scalar(call("Date", [time], "date", frame.span(node)))));
  return true;
}

function isNumber(value: Value): value is Scalar {
  return value.kind === "scalar" && value.expression.type.js === "number" && !value.null && !value.undefined && !value.unchecked;
}

/** The time value plus what each field changes by. */
function moved({ expression: date }: Scalar, name: string, numbers: readonly Expression[]): Expression | null {
  const { span } = date;
  const number = (fn: string, ...args: Expression[]) => call(fn, args, "number", span);
  const first = fields.findIndex(([field]) => name === `setUTC${field}`);
  // A day is set alone, a time of day with its smaller fields.
  const own = first === 0 ? fields.slice(0, 1) : fields.slice(first);
  if (first < 0 || numbers.length > own.length) return null;
  return numbers.reduce<Expression>((time, given, i) => {
    const [field, length] = own[i]!;
    const whole = given.kind === "literal" && Number.isInteger(given.value) ? given : number("Math.trunc", given);
    const difference = number("sub", whole, number(`date.getUTC${field}`, date));
    return number("add", time, length === 1 ? difference : number("mul", difference, literal(length, "number", span)));
  }, number("date.getTime", date));
}

/** Does another local hold the same Date? Then it would move too. */
function isShared(name: string, own: Variable, frame: Frame): boolean {
  const holds = (value: Value | null): boolean => {
    if (value?.kind === "scalar") return value.expression.kind === "local" && value.expression.name === name;
    if (value?.kind === "list") return value.items.some(holds);
    return value?.kind === "record" && (value.names === null || value.names.length > 0);
  };
  return [...frame.flow.current].some(([variable, value]) => variable !== own && holds(value));
}
