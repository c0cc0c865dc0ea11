import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const capturedBindingWritten = defineDiagnostic(
  {
    code: "LS1208",
    title: "A captured variable that is written",
    kind: "not-parallelisable",
    docs: "What a row function reads from outside is copied to every rank when the verb is called. A variable that is assigned again, or mutated, has no single value to copy. Pass its value as an argument, or take it into a const right before the verb.",
    example: {
      wrong: `let least = 10;
export function raise(): void {
  least += 5;
}
export async function count(trips: Table<Trip>) {
  "use spmd";
  return trips.filter((d) => d.fare > least).numRows();
}`,
      right: `let least = 10;
export function raise(): void {
  least += 5;
}
async function count(trips: Table<Trip>, least: number) {
  "use spmd";
  return trips.filter((d) => d.fare > least).numRows();
}
export const main = (trips: Table<Trip>) => count(trips, least);`,
    },
  },
  /** `changed`: an object, of which a copy of the variable would be no copy. */
  (name: string, write: SourceSpan, use: SourceSpan, changed = false) => ({
    message: changed ? `'${name}' is changed after a row function captured it` : `'${name}' is written after its declaration, so a row function cannot capture it`,
    locations: [at(write, "written here"), at(use, "captured here")],
    fix: { message: changed ? `take what is read of '${name}' into a const before the verb` : `copy it before the verb: const fixed = ${name};`, edits: [] },
  }),
);
