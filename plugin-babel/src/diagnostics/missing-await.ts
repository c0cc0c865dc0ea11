import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const missingAwait = defineDiagnostic(
  {
    code: "LS1303",
    title: "A reader or writer that is not awaited",
    kind: "user-error",
    docs: "Readers and writers are promises, and all ranks must reach them in the same order: await each where it stands, or list them in Promise.all.",
    example: {
      wrong: "trips.writeParquet(out);",
      right: "await trips.writeParquet(out);",
    },
  },
  /** `then`: the property that is read of the promise, as in `readParquet(path).filter`. */
  (name: string, span: SourceSpan, then: string | null = null) => {
    const start = { ...span, endLine: span.line, endColumn: span.column };
    const end = { ...span, line: span.endLine, column: span.endColumn };
    return then === null
      ? {
          message: `${name} must be awaited where it is called`,
          locations: [at(span, "not awaited")],
          fix: { message: "write await before it", edits: [{ ...start, text: "await " }] },
        }
      : {
          message: `${name} gives a promise, which has no '${then}': it must be awaited first`,
          locations: [at(span, "a promise")],
          why: ["await stands before a whole chain: without parentheses it would wait for the result of the last call"],
          fix: { message: `write (await ${name}(…)).${then}`, edits: [{ ...start, text: "(await " }, { ...end, text: ")" }] },
        };
  },
);
