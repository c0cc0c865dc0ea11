import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const noTables = defineDiagnostic(
  {
    code: "LS1313",
    title: "An annotated function without tables",
    kind: "user-error",
    severity: "warning",
    docs: 'Nothing in the function is a table, so every rank does all of its work. Tables are recognised where they come from readers imported from "@lockstep/runtime" itself, or are parameters of type Table<Row>.',
    example: {
      wrong: `export async function sum(values: number[]) {
  "use spmd";
  return values.reduce((a, b) => a + b, 0);
}`,
      right: `export async function sum(values: number[]) {
  return values.reduce((a, b) => a + b, 0);
}`,
    },
  },
  (name: string, span: SourceSpan) => ({
    message: `'${name}' uses no table: all ranks would do the same work`,
    locations: [at(span, "nothing to share among ranks")],
    fix: { message: 'import the readers from "@lockstep/runtime", or leave out the directive', edits: [] },
  }),
);
