import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const windowArgument = defineDiagnostic(
  {
    code: "LS1115",
    title: "An argument that a window function does not take",
    kind: "user-error",
    docs: "An offset and the bounds of a frame are whole numbers of rows, and the current row is in every frame; a default value has the type of the values it stands in for; a range is measured on a column of dates, in durations, or of numbers.",
    example: {
      wrong: 'await trips.derive({ previous: op.lag("fare", 1, "none") }).writeParquet(out);',
      right: 'await trips.derive({ previous: op.lag("fare", 1, 0) }).writeParquet(out);',
    },
  },
  (name: string, expected: string, found: string, span: SourceSpan, fix: string) => ({
    message: `${name} takes ${expected} here, not ${found}`,
    locations: [at(span, found)],
    fix: { message: fix, edits: [] },
  }),
);
