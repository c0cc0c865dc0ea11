import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const misspeltDirective = defineDiagnostic(
  {
    code: "LS1001",
    title: "A misspelt directive",
    kind: "user-error",
    docs: 'JavaScript ignores directives it does not know, so a misspelt "use spmd" would silently run on one core. The text is exactly `"use spmd"` or `"use no spmd"`, in plain quotes.',
    example: {
      wrong: `export async function count(path: string) {
  "use smpd";
  return (await readParquet<Trip>(path)).numRows();
}`,
      right: `export async function count(path: string) {
  "use spmd";
  return (await readParquet<Trip>(path)).numRows();
}`,
    },
  },
  (text: string, span: SourceSpan, meant: "use spmd" | "use no spmd") => ({
    message: `${text} is no directive; did you mean "${meant}"?`,
    locations: [at(span, `write "${meant}"`)],
    fix: { message: `write "${meant}"`, edits: [{ ...span, text: `"${meant}"` }] },
  }),
);
