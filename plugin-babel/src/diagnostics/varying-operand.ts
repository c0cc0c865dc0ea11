import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const varyingOperand = defineDiagnostic(
  {
    code: "LS1310",
    title: "Ranks would compute different tables",
    kind: "not-parallelisable",
    docs: "A table operation is one operation of all ranks: each does its part of the same plan. An operand that depends on rank(), or on a batch's rows (a path, a limit, a value in a row function, which of two tables it is) would give each rank a plan of its own. Which rows a rank holds is the engine's to decide; rank() and size() are for messages and for what is computed beside the tables; a collective brings it together, whose value may differ, but not its root and how it combines.",
    example: {
      wrong: "await trips.filter((d) => d.zone % size() === rank()).writeParquet(out);",
      right: "await trips.writeParquet(out);",
    },
  },
  /** `collective`: it is none of a table's. */
  (op: string, source: string, span: SourceSpan, collective = false) => ({
    message: `Ranks may disagree about '${source}', ${collective ? `which says how ${op} is done` : `of which ${op} is made`}`,
    locations: [at(span, "differs between ranks")],
    fix: { message: collective ? "give it what all ranks have: a constant, size(), what allreduce gives" : "give it what all ranks have: rows are dealt to the ranks without asking", edits: [] },
  }),
);
