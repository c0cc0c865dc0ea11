import { type CapturedForm, isForm, memberOf, pathTo } from "./captured.ts";
import type { CapturedExpression, Expression } from "./expression.ts";
import type { Scanner } from "./scanner.ts";
import { type JsType, type SourceSpan, unsureType, valueType, type ValueType } from "./types.ts";

/** The inverse of `printExpression`; positions are not printed, so there are none. */
export function readExpression(s: Scanner): Expression {
  const form = readForm(s);
  s.expect(/:/);
  return { ...form, type: readType(s), span: NOWHERE } as Expression;
}

/** `number`, `number?`, `number!`, `string[]`, `string?[]?`, `{x: number}` */
export function readType(s: Scanner): ValueType {
  const of = s.acceptBraces() ?? s.expect(/number|string|boolean|bigint|date/);
  const type = valueType(of + (s.accept(/(?:\??\[\])*\??/) ?? ""));
  return s.accept(/!/) === null ? type : unsureType(type);
}

const NOWHERE: SourceSpan = { file: "", line: 0, column: 0, endLine: 0, endColumn: 0 };

type Form = Expression extends infer E ? (E extends Expression ? Omit<E, "type" | "span"> : never) : never;

function readForm(s: Scanner): Form {
  if (s.accept(/\$(?=")/) !== null) return { kind: "column", name: s.string() };
  if (s.accept(/\$2(?=")/) !== null) return { kind: "column", name: s.string(), second: true };
  const text = s.acceptString();
  if (text !== null) return { kind: "literal", value: text };
  const bigint = s.accept(/(-?\d+)n/);
  if (bigint !== null) return { kind: "literal", value: BigInt(bigint) };
  const number = s.accept(/-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Infinity)|NaN/);
  if (number !== null) return { kind: "literal", value: Number(number) };
  const word = s.expect(/[A-Za-z_][\w.]*/);
  if (word === "null" || word === "true" || word === "false") return { kind: "literal", value: word === "null" ? null : word === "true" };
  return readCompound(word, s);
}

function readCompound(word: string, s: Scanner): Form {
  const args = () => s.list(/\(/, /\)/, () => readExpression(s));
  const [captured, list, form = "value"] = /^captured(List|Set)?(?:\.(\w+))?$/.exec(word) ?? [];
  if (captured && isForm(form)) return inParentheses(s, () => ({ ...readCaptured(form, s), ...(list ? { list: list === "Set" ? "has" as const : "includes" as const } : {}) }));
  switch (word) {
    case "local":
      return inParentheses(s, () => ({ kind: "local", name: s.string() }));
    case "script":
      return inParentheses(s, () => {
        const source = s.string();
        s.expect(/,/);
        const reason = s.string();
        s.expect(/,/);
        const columns = s.strings();
        s.expect(/,/);
        const types = s.strings() as JsType[];
        s.expect(/,/);
        return { kind: "script", source, reason, columns, types, free: s.strings() };
      });
    case "let":
      return inParentheses(s, () => {
        const name = s.string();
        s.expect(/,/);
        const value = readExpression(s);
        s.expect(/,/);
        return { kind: "let", name, value, body: readExpression(s) };
      });
    case "if": {
      const [test, then, otherwise] = args();
      return { kind: "if", test: test!, then: then!, else: otherwise! };
    }
    case "and":
    case "or":
    case "nullish": {
      const [left, right] = args();
      return { kind: word, left: left!, right: right! };
    }
    default:
      return { kind: "call", function: word, args: args() };
  }
}

function readCaptured(form: CapturedForm, s: Scanner): Omit<CapturedExpression, "type" | "span"> {
  let path = pathTo(s.string());
  while (s.accept(/,/) !== null) {
    const member = s.acceptString();
    if (member === null) return { kind: "captured", path, form, other: readExpression(s) as CapturedExpression };
    path = memberOf(path, member.replace(/^\??\./, ""), member.startsWith("?"));
  }
  return { kind: "captured", path, form };
}

function inParentheses<T extends Form>(s: Scanner, read: () => T): T {
  s.expect(/\(/);
  const form = read();
  s.expect(/\)/);
  return form;
}
