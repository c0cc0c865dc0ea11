/** Regular expressions that only look for a text, at the start, at the end, anywhere: they need no engine of their own. */
import type * as t from "@babel/types";
import { notAssignable } from "../../diagnostics/wrong-arguments.ts";
import type { Frame } from "./frame.ts";
import { requirePresent } from "./operators.ts";
import { call, describe, literal, opaque, plain, scalar, type Scalar, type TextPattern, type Value } from "./value.ts";

/** Null: it needs V8's regular expressions. */
export function textPattern({ pattern, flags }: t.RegExpLiteral): TextPattern | null {
  const match = /^(\^?)((?:[^\\^$.*+?()[\]{}|]|\\[^\w\s])+)(\$?)$/.exec(pattern);
  if (!match || !/^[gu]*$/.test(flags)) return null;
  return { text: match[2]!.replace(/\\(.)/g, "$1"), start: match[1] !== "", end: match[3] !== "", global: flags.includes("g") };
}

/** `/^a/.test(text)` */
export function testPattern({ text, start, end }: TextPattern, subject: Scalar, at: t.Node, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const { js } = subject.expression.type;
  if (js !== "string") frame.state.typeError(notAssignable(describe(subject), "string", frame.span(at)));
  if (js !== "string" || !requirePresent(subject, at, frame, "argument")) return opaque(plain("boolean"), span);
  const sought = literal(text, "string", span);
  const name = start && end ? "eq" : start ? "string.startsWith" : end ? "string.endsWith" : "string.includes";
  return scalar(call(name, [subject.expression, sought], "boolean", span));
}

/** The text to replace, for `replace` (once) or `replaceAll`; null where an anchor stands. */
export function replaced(pattern: TextPattern, node: t.Node, frame: Frame): { all: boolean; text: Value } | null {
  if (pattern.start || pattern.end) return null;
  return { all: pattern.global, text: scalar(literal(pattern.text, "string", frame.span(node))) };
}
