import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

export const unknownName = defineDiagnostic(
  {
    code: "LS1211",
    title: "Unknown name",
    kind: "user-error",
    docs: "No variable, import or global of this name is in scope. A column is read from the row: `d.fare`.",
    example: {
      wrong: "await trips.derive({ double: (d) => fare * 2 }).writeParquet(out);",
      right: "await trips.derive({ double: (d) => d.fare * 2 }).writeParquet(out);",
    },
  },
  (name: string, span: SourceSpan, inScope: readonly string[], columns: readonly string[], row: string | null) => {
    const near = columns.includes(name) && row !== null ? `${row}.${name}` : closest(name, inScope);
    return {
      message: `Cannot find name '${name}'${near === null ? "" : `; did you mean '${near}'?`}`,
      locations: [at(span, "not defined")],
      ...(near === null ? {} : { fix: { message: `write '${near}'`, edits: [{ ...span, text: near }] } }),
    };
  },
);
