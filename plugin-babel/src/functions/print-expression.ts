/** Native forms as `explain`, comments of emitted code and tests print them: `date.getUTCMonth(pickup) + 1`. */
import { capturedText } from "../ir/captured.ts";
import type { Expression, LiteralExpression } from "../ir/expression.ts";

/** Operators with their sign and JavaScript's precedence. */
const infix: Readonly<Record<string, readonly [sign: string, precedence: number]>> = {
  pow: ["**", 13],
  mul: ["*", 12],
  div: ["/", 12],
  mod: ["%", 12],
  add: ["+", 11],
  sub: ["-", 11],
  "bit.shl": ["<<", 10],
  "bit.shr": [">>", 10],
  "bit.ushr": [">>>", 10],
  lt: ["<", 9],
  le: ["<=", 9],
  gt: [">", 9],
  ge: [">=", 9],
  eq: ["===", 8],
  ne: ["!==", 8],
  "bit.and": ["&", 7],
  "bit.xor": ["^", 6],
  "bit.or": ["|", 5],
};
const prefix: Readonly<Record<string, string>> = { neg: "-", not: "!", "bit.not": "~" };
const logical = { and: ["&&", 4], or: ["||", 3], nullish: ["??", 3] } as const;
const CONDITIONAL = 2;
const PREFIX = 14;
const ATOM = 15;

/** One line; parentheses only where JavaScript needs them. */
export function printExpression(expression: Expression): string {
  return print(expression, 0);
}

function print(e: Expression, outer: number): string {
  const [text, precedence] = form(e);
  return precedence < outer ? `(${text})` : text;
}

function form(e: Expression): [text: string, precedence: number] {
  switch (e.kind) {
    case "column":
      return [e.second ? `other.${e.name}` : e.name, ATOM];
    case "local":
      return [e.name, ATOM];
    case "captured":
      return [`${e.list ? "..." : ""}\${${capturedText(e)}}`, ATOM];
    case "literal":
      return [printLiteral(e), ATOM];
    case "call":
      return call(e.function, e.args);
    case "if":
      return [`${print(e.test, CONDITIONAL + 1)} ? ${print(e.then, CONDITIONAL)} : ${print(e.else, CONDITIONAL)}`, CONDITIONAL];
    case "and":
    case "or":
    case "nullish": {
      const [sign, precedence] = logical[e.kind];
      // `??` may not stand beside `&&` or `||` without parentheses.
      const side = (x: Expression) => print(x, (e.kind === "nullish") !== (x.kind === "nullish") && x.kind in logical ? ATOM : precedence);
      return [`${side(e.left)} ${sign} ${side(e.right)}`, precedence];
    }
    case "let":
      return [`let ${e.name} = ${print(e.value, CONDITIONAL)} in ${print(e.body, 1)}`, 1];
    case "script":
      return [`script(${e.columns.join(", ")}) { ${e.source.replace(/\s+/g, " ")} }`, ATOM];
  }
}

function call(name: string, args: readonly Expression[]): [string, number] {
  const [first, second] = args;
  const operator = infix[name];
  if (operator && first && second && args.length === 2) {
    const [sign, precedence] = operator;
    // `**` alone groups to the right, and takes no sign on its left.
    const [left, right] = name === "pow" ? [ATOM, precedence] : [precedence, precedence + 1];
    return [`${print(first, left)} ${sign} ${print(second, right)}`, precedence];
  }
  if (name === "object.member" && first && second?.kind === "literal") {
    const key = String(second.value);
    return [`${print(first, ATOM)}${/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`}`, ATOM];
  }
  if (name === "object.of") {
    const members = args.flatMap((arg, i) => (i % 2 && args[i - 1]!.kind === "literal" ? [`${String((args[i - 1] as LiteralExpression).value)}: ${print(arg, CONDITIONAL)}`] : []));
    return [`{ ${members.join(", ")} }`, ATOM];
  }
  const sign = prefix[name];
  if (sign && first) return [`${sign}${print(first, PREFIX)}`, PREFIX];
  return [`${name}(${args.map((arg) => print(arg, CONDITIONAL)).join(", ")})`, ATOM];
}

function printLiteral(e: Extract<Expression, { kind: "literal" }>): string {
  const { value } = e;
  if (value === null) return "null";
  if (e.type.js === "date") return `Date(${value})`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string") return JSON.stringify(value);
  return Object.is(value, -0) ? "-0" : String(value);
}
