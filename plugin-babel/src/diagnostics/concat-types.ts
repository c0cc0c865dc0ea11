import { type Column, printType, type SourceSpan, type ValueType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const concatTypes = defineDiagnostic(
  {
    code: "LS1105",
    title: "Concatenated columns of different types",
    kind: "user-error",
    docs: "A column has one type. Convert one of the tables with derive before concat.",
    example: {
      wrong: 'await zones.concat(table({ zone: ["1"], borough: ["Queens"] })).writeParquet(out);',
      right: 'await zones.concat(table({ zone: [1], borough: ["Queens"] })).writeParquet(out);',
    },
  },
  (span: SourceSpan, column: Column, other: ValueType, label: string = "concatenated here") => ({
    message: `Column '${column.name}' is ${printType(column.type)} in one table and ${printType(other)} in another`,
    locations: [at(span, label)],
    fix: { message: `derive '${column.name}' as ${printType(column.type)} in both`, edits: [] },
  }),
);
