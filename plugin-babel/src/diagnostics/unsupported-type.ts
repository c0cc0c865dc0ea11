import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const unsupportedType = defineDiagnostic(
  {
    code: "LS1107",
    title: "A type that is not supported yet",
    kind: "not-supported",
    docs: "Types are read from syntax alone: interfaces, aliases and their imports, intersections, literal unions, Pick, Omit, Partial, Readonly and generics by substitution. Columns are number, string, boolean, bigint or Date, each possibly null.",
  },
  (type: string, span: SourceSpan) => ({
    message: `The type ${type} is not supported yet`,
    locations: [at(span, "not supported yet")],
    fix: { message: "write the columns out in an interface", edits: [] },
  }),
);
