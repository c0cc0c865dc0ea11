import type { RowType, SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";
import { closest } from "./closest.ts";

/** A column named by a string that its table does not have. (Row lambdas have their own: same page, same code.) */
export const misspeltColumn = defineDiagnostic(
  {
    code: "LS1101",
    title: "No such column",
    kind: "user-error",
    docs: "The table has no column of this name at this place. Columns come from the interface given to the reader; select, rename, rollup and the joins change them, and the message says which verb dropped one that was there before.",
  },
  (name: string, span: SourceSpan, row: RowType, origin: readonly string[] = []) => {
    const known = row.map((c) => c.name);
    const near = closest(name, known);
    return {
      message: `The table has no column '${name}'${near === null ? "" : `; did you mean '${near}'?`}`,
      locations: [at(span, "not a column of this table")],
      why: [...origin, `its columns are ${known.join(", ")}`],
      ...(near === null ? {} : { fix: { message: `write '${near}'`, edits: [{ ...span, text: JSON.stringify(near) }] } }),
    };
  },
);
