import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const duplicateColumn = defineDiagnostic(
  {
    code: "LS1114",
    title: "Two columns of one name",
    kind: "user-error",
    docs: "A table has one column of a name. Choose another new name, or drop the column that is there with select.",
    example: {
      wrong: 'await trips.rename({ tip: "fare" }).writeParquet(out);',
      right: 'await trips.rename({ tip: "gratuity" }).writeParquet(out);',
    },
  },
  (name: string, span: SourceSpan) => ({ message: `Two columns would be named '${name}'`, locations: [at(span, `'${name}' again`)], fix: { message: "give one of them another name", edits: [] } }),
);
