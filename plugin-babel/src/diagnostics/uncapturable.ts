import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const uncapturable = defineDiagnostic(
  {
    code: "LS1307",
    title: "A value that cannot be sent to the ranks",
    kind: "not-supported",
    docs: "Values an annotated function takes from around it are sent to every rank by structured clone. Instances of classes, and values that another module computes at run time, are not: make them inside, or pass what is needed of them as an argument.",
    example: {
      wrong: `class Tariff {
  rate = 1.2;
}
const tariff = new Tariff();
export async function count(trips: Table<Trip>) {
  "use spmd";
  console.log(tariff.rate);
  return trips.numRows();
}`,
      right: `class Tariff {
  rate = 1.2;
}
export async function count(trips: Table<Trip>) {
  "use spmd";
  const tariff = new Tariff();
  console.log(tariff.rate);
  return trips.numRows();
}`,
    },
  },
  (name: string, what: string, span: SourceSpan, fix: string = "pass what is needed of it as an argument") => ({
    message: `'${name}' is ${what}, which cannot be sent to the ranks`,
    locations: [at(span, "used by an annotated function")],
    fix: { message: fix, edits: [] },
  }),
);
