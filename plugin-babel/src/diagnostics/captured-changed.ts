import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const capturedChanged = defineDiagnostic(
  {
    code: "LS1208",
    title: "A captured object that is changed",
    kind: "not-parallelisable",
    docs: "A row function runs when its table is computed, which is later than the verb's call. An object that it looks into must not be changed until then: change it before the verb, or make a new one.",
    example: {
      wrong: `const cities = new Map<string, string>();
const named = trips.derive({ name: (d): string => cities.get(d.city) ?? "" });
cities.set("NYC", "New York");
await named.writeParquet(out);`,
      right: `const cities = new Map<string, string>();
cities.set("NYC", "New York");
const named = trips.derive({ name: (d): string => cities.get(d.city) ?? "" });
await named.writeParquet(out);`,
    },
  },
  (name: string, write: SourceSpan, use: SourceSpan) => ({
    message: `'${name}' is changed after a row function captured it`,
    locations: [at(write, "changed here"), at(use, "captured here")],
    fix: { message: `change it before the verb, or make a new object of '${name}'`, edits: [] },
  }),
);
