import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const notARowFunction = defineDiagnostic(
  {
    code: "LS1219",
    title: "Not a row function",
    kind: "user-error",
    docs: "The verb takes a function of the row, `d => …` or `({ fare }) => …`, written in place or declared where the compiler can read it.",
    example: {
      wrong: "await trips.filter(true).writeParquet(out);",
      right: "await trips.filter((d) => d.paid).writeParquet(out);",
    },
  },
  (what: string, span: SourceSpan, column: string | null = null) => ({
    message: `Expected a function of the row, got ${what}`,
    locations: [at(span, "write d => …")],
    ...(column !== null && /^[A-Za-z_$][\w$]*$/.test(column) && { fix: { message: `write '(d) => d.${column}'`, edits: [{ ...span, text: `(d) => d.${column}` }] } }),
  }),
);

/** What stands there, in the user's words. */
export function describeNode({ type, name }: { readonly type: string; readonly name?: unknown }): string {
  if (type === "Identifier") return `'${String(name)}', which the compiler cannot read`;
  if (type === "StringLiteral" || type === "TemplateLiteral") return "a text";
  if (type === "CallExpression") return "the result of a call";
  return type === "ObjectExpression" ? "an object" : "another value";
}
