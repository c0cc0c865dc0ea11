import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic, type Occurrence } from "./define.ts";

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
  /** `column`: the name that stands there; `value`: the text of what is the same for all rows. */
  (what: string, span: SourceSpan, column: string | null = null, value: string | null = null) => ({
    message: `Expected a function of the row, got ${what}`,
    locations: [at(span, "write d => …")],
    fix: fixOf(what, span, column, value),
  }),
);

function fixOf(what: string, span: SourceSpan, column: string | null, value: string | null): Occurrence["fix"] {
  const text = column !== null && /^[A-Za-z_$][\w$]*$/.test(column) ? `(d) => d.${column}` : value !== null ? `() => ${value}` : null;
  if (text !== null) return { message: `write '${text}'`, edits: [{ ...span, text }] };
  if (column !== null) return { message: "write it in JavaScript: (d) => d.fare > 10", edits: [] };
  return { message: what.startsWith("'") ? "write it in place, (d) => …, or declare it where the compiler can read it: function name(d: Row) { … }" : "write (d) => …", edits: [] };
}

/** What stands there, in the user's words. */
export function describeNode({ type, name }: { readonly type: string; readonly name?: unknown }): string {
  if (type === "Identifier") return `'${String(name)}', which the compiler cannot read`;
  if (type === "StringLiteral" || type === "TemplateLiteral") return "a text";
  if (type === "CallExpression") return "the result of a call";
  return type === "ObjectExpression" ? "an object" : "another value";
}
