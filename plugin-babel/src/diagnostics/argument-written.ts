import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const argumentWritten = defineDiagnostic(
  {
    code: "LS1314",
    title: "An argument that is changed",
    kind: "not-parallelisable",
    docs: "Every rank gets its own copy of an annotated function's arguments: a change of one would not be seen by the caller. Copy it first, or return what is new.",
    example: {
      wrong: `export async function count(path: string, log: string[]) {
  "use spmd";
  log.push(path);
  return (await readParquet<Trip>(path)).numRows();
}`,
      right: `export async function count(path: string, log: string[]) {
  "use spmd";
  const own = [...log, path];
  return [own, (await readParquet<Trip>(path)).numRows()];
}`,
    },
  },
  (name: string, span: SourceSpan) => ({
    message: `'${name}' is an argument, and changed: the caller would not see it`,
    locations: [at(span, "changed here")],
    fix: { message: `copy it first, as in const own = structuredClone(${name}), or return what is new`, edits: [] },
  }),
);
