import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const syncObservation = defineDiagnostic(
  {
    code: "LS1302",
    title: "An observation inside a callback",
    kind: "not-parallelisable",
    docs: "Observing a table (numRows, get, objects, iteration) and a collective (allreduce, bcast, …) make the ranks talk, which a synchronous callback cannot wait for. A for…of loop can, and so can await Promise.all(list.map(async …)), which the ranks go through element by element.",
    example: {
      wrong: "return [10, 20].map((least) => trips.filter((d) => d.fare > least).numRows());",
      right: `const counts: number[] = [];
for (const least of [10, 20]) counts.push(trips.filter((d) => d.fare > least).numRows());
return counts;`,
    },
  },
  (name: string, span: SourceSpan, where = "a callback") => ({
    message: `${name} cannot run inside ${where}`,
    locations: [at(span, "observed inside a callback")],
    fix: { message: "use for…of in place of the callback, or await Promise.all(….map(async …)); a function with a name is read where it is called", edits: [] },
  }),
);
