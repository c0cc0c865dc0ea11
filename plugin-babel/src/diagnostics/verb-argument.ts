import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";
import type { TextEdit } from "./diagnostic.ts";

export const verbArgument = defineDiagnostic(
  {
    code: "LS1109",
    title: "An argument of a form the verb does not take",
    kind: "user-error",
    docs: "The compiler reads the arguments of a verb where they stand: column names as strings, row functions as arrow functions, objects as literals, aggregates as op.sum(…). Values computed elsewhere cannot name columns.",
    example: {
      wrong: `const names = Object.keys({ zone: 1, fare: 2 }) as never[];
await trips.select(...names).writeParquet(out);`,
      right: 'await trips.select("zone", "fare").writeParquet(out);',
    },
  },
  (verb: string, expected: string, span: SourceSpan, fix: string, edits: readonly TextEdit[] = []) => ({
    message: `${verb} takes ${expected} here`,
    locations: [at(span, `not ${expected}`)],
    fix: { message: fix, edits },
  }),
);
