import { defineDiagnostic } from "./define.ts";

export const nestedTooDeeply = defineDiagnostic(
  {
    code: "LS1006",
    title: "The program nests too deeply",
    kind: "user-error",
    docs: "Thousands of verbs or operators stand in one expression, more than the compiler's stack holds, in most cases because a program wrote it. Cut it into several statements: each verb of a chain may have a const of its own.",
    example: {
      wrong: `return trips.filter((d) => ${"!".repeat(20_000)}d.paid).numRows();`,
      right: "return trips.filter((d) => d.paid).numRows();",
    },
  },
  (file: string) => ({
    message: `${file} nests deeper than the compiler can follow`,
    locations: [],
    fix: { message: "cut the longest expression into several statements: const wet = trips.filter(…);", edits: [] },
  }),
);
