import type * as t from "@babel/types";
import { parts } from "./names.ts";

/** The text of a function without its types, each replaced by spaces. Types that leave code behind (enums) do not occur in functions of rows. */
export function stripTypes(node: t.Node, source: string): string {
  const from = node.start!;
  const text = [...source.slice(from, node.end!).split("")];
  const blank = (start: number, end: number) => {
    for (let i = start - from; i < end - from; i++) if (text[i] !== "\n") text[i] = " ";
  };
  const visit = (inner: t.Node): void => {
    if (inner.type.startsWith("TS") && "expression" in inner && inner.type !== "TSTypeAssertion") {
      const operand = inner.expression as t.Expression;
      visit(operand);
      blank(operand.extra?.["parenthesized"] ? closing(source, operand.end!) : operand.end!, inner.end!);
      return;
    }
    if (inner.type === "TSTypeAssertion") {
      blank(inner.start!, inner.expression.extra?.["parenthesized"] ? (inner.expression.extra["parenStart"] as number) : inner.expression.start!);
      return visit(inner.expression);
    }
    if (inner.type.startsWith("TS")) return blank(inner.start!, inner.end!);
    if (inner.type === "Identifier" && inner.optional) blank(inner.start! + inner.name.length, inner.start! + inner.name.length + 1);
    for (const [child] of parts(inner)) visit(child);
  };
  visit(node);
  // `=>` may not begin a line: an annotation of several lines before it leaves none.
  return text.join("").trimEnd().replace(/\)\s+=>/g, ") =>");
}

/** The place after the parenthesis that closes behind `end`. */
const closing = (source: string, end: number): number => source.indexOf(")", end) + 1;
