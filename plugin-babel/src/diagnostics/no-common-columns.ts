import type { RowType, SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const noCommonColumns = defineDiagnostic(
  {
    code: "LS1104",
    title: "Nothing to join on",
    kind: "user-error",
    docs: "Without keys a join uses the columns that both tables have. These two have none in common: name the keys.",
    example: {
      wrong: 'await trips.join(table({ id: [1], name: ["Oslo"] })).writeParquet(out);',
      right: 'await trips.join(table({ id: [1], name: ["Oslo"] }), [["zone"], ["id"]]).writeParquet(out);',
    },
  },
  (span: SourceSpan, left: RowType, right: RowType) => ({
    message: "The tables have no column in common to join on",
    locations: [at(span, "no keys")],
    why: [`left: ${left.map((c) => c.name).join(", ")}`, `right: ${right.map((c) => c.name).join(", ")}`],
    fix: { message: 'name the keys: join(other, [["left_key"], ["right_key"]])', edits: [] },
  }),
);
