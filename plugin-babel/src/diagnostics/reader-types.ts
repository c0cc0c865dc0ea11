import { type Column, printType, type SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const readerTypes = defineDiagnostic(
  {
    code: "LS1111",
    title: "Interface and types option disagree",
    kind: "user-error",
    docs: "The interface is erased when the program runs under plain Node; what departs from the default view of a column is said in the reader's types option: int64 as bigint, a CSV column of digits as string. The two must agree, so that both executions see the same values.",
  },
  (column: Column, said: string | null, span: SourceSpan) => ({
    message:
      said === null
        ? `The interface says '${column.name}' is ${printType(column.type)}, but without a types option it is read as number`
        : `The interface says '${column.name}' is ${printType(column.type)}, the types option says ${said}`,
    locations: [at(span, said === null ? `no types option for '${column.name}'` : "does not agree with the interface")],
    fix: { message: `write { types: { ${column.name}: "${column.type.js}" } }`, edits: [] },
  }),
);
