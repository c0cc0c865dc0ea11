import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

const VALUES = "a column holds numbers, strings, booleans, bigints or Dates, or arrays or objects of these, or null: values of one type";

export const unsupportedType = defineDiagnostic(
  {
    code: "LS1107",
    title: "A type that is not supported yet",
    kind: "not-supported",
    docs: "Types are read from syntax alone: interfaces, aliases and their imports, intersections, literal unions, Pick, Omit, Partial, Readonly and generics by substitution. Columns are number, string, boolean, bigint or Date, or arrays or objects of these, each possibly null.",
    example: {
      wrong: `const rows = await readParquet<{ id: number; value: number | string }>("rows");
await rows.writeParquet(out);`,
      right: `const rows = await readParquet<{ id: number; value: string }>("rows");
await rows.writeParquet(out);`,
    },
  },
  /** `column`: the member of a row type whose type it is, to be left out, where it stands. */
  (type: string, span: SourceSpan, column: { readonly name: string; readonly member: SourceSpan | null } | null = null, why: string = VALUES) => ({
    message: column ? `Column '${column.name}' is of type ${type}, which is not supported yet` : `The type ${type} is not supported yet`,
    locations: [at(span, "not supported yet")],
    ...(column && { why: [why] }),
    fix: column
      ? { message: `leave '${column.name}' out of the interface: the column is then not read; or declare the one type its values have`, edits: column.member ? [{ ...column.member, text: "" }] : [] }
      : { message: "write the columns out in an interface", edits: [] },
  }),
);
