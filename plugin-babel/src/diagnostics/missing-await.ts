import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const missingAwait = defineDiagnostic(
  {
    code: "LS1303",
    title: "A reader or writer that is not awaited",
    kind: "user-error",
    docs: "Readers and writers are promises, and all ranks must reach them in the same order: await each where it stands, or list them in Promise.all.",
  },
  (name: string, span: SourceSpan) => ({
    message: `${name} must be awaited where it is called`,
    locations: [at(span, "not awaited")],
    fix: { message: "write await before it", edits: [{ ...span, endLine: span.line, endColumn: span.column, text: "await " }] },
  }),
);
