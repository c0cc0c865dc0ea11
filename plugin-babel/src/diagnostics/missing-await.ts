import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const missingAwait = defineDiagnostic(
  {
    code: "LS1303",
    title: "A reader, writer or collective that is not awaited",
    kind: "user-error",
    docs: "Readers, writers and collectives are promises, and all ranks must reach them in the same order: await each where it stands, or list them in Promise.all.",
    example: {
      wrong: "trips.writeParquet(out);",
      right: "await trips.writeParquet(out);",
    },
  },
  /** `then`: the property that is read of the promise, as in `readParquet(path).filter`. */
  (name: string, span: SourceSpan, then: string | null = null) => {
    if (name.startsWith("Promise.") && name !== "Promise.all") {
      return {
        message: `${name} over table operations: ranks must go through them in one order, and see all of them end`,
        locations: [at(span, "its order differs between ranks")],
        fix: { message: "await each of them, or all with Promise.all", edits: [] },
      };
    }
    if (then !== null && /^(then|catch|finally)$/.test(then)) {
      return {
        message: `${name} must be awaited where it is called, not followed by '${then}'`,
        locations: [at(span, "not awaited")],
        fix: { message: then === "then" ? "await it, and write what follows as statements after it" : "await it inside try { … }", edits: [] },
      };
    }
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
