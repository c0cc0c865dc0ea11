import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const capturedWritten = defineDiagnostic(
  {
    code: "LS1301",
    title: "A captured binding that is written",
    kind: "not-parallelisable",
    docs: "What an annotated function takes from around it is sent to every rank by value when it is called. A write, inside the function or outside it, would be seen by one process only. Return the new value, or pass the current one as an argument.",
    example: {
      wrong: `let calls = 0;
export async function count(path: string) {
  "use spmd";
  calls += 1;
  return (await readParquet<Trip>(path)).numRows();
}`,
      right: `let calls = 0;
async function count(path: string) {
  "use spmd";
  return (await readParquet<Trip>(path)).numRows();
}
export async function main() {
  calls += 1;
  return count("trips");
}`,
    },
  },
  (name: string, write: SourceSpan, declared: SourceSpan) => ({
    message: `'${name}' is used by an annotated function and written: each rank would have its own`,
    locations: [at(write, "written here"), at(declared, "declared outside the annotated function")],
    fix: { message: "return the new value, or pass the current one as an argument", edits: [] },
  }),
);
