import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const unsupportedType = defineDiagnostic(
  {
    code: "LS1107",
    title: "A type that is not supported yet",
    kind: "not-supported",
    docs: "Types are read from syntax alone: interfaces, aliases and their imports, intersections, literal unions, Pick, Omit, Partial, Readonly and generics by substitution. Columns are number, string, boolean, bigint or Date, or arrays of one of these, each possibly null.",
    example: {
      wrong: `const rows = await readParquet<{ id: number; value: number | string }>("rows");
await rows.writeParquet(out);`,
      right: `const rows = await readParquet<{ id: number; value: string }>("rows");
await rows.writeParquet(out);`,
    },
  },
  /** `column`: the member of a row type whose type it is, to be left out. */
  (type: string, span: SourceSpan, column: { readonly name: string; readonly member: SourceSpan } | null = null) => ({
    message: column ? `Column '${column.name}' is of type ${type}, which is not supported yet` : `The type ${type} is not supported yet`,
    locations: [at(span, "not supported yet")],
    ...(column && { why: ["a column holds numbers, strings, booleans, bigints or Dates, or arrays of one of these, or null: values of one type"] }),
    fix: column
      ? { message: `leave '${column.name}' out of the interface: the column is then not read; or declare the one type its values have`, edits: [{ ...column.member, text: "" }] }
      : { message: "write the columns out in an interface", edits: [] },
  }),
);
