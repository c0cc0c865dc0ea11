import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const capturedChanged = defineDiagnostic(
  {
    code: "LS1208",
    title: "A captured instance that is changed",
    kind: "not-parallelisable",
    docs: "A row function of V8 runs when its table is computed, which is later than the verb's call. Variables, arrays, Maps, Sets, Dates and plain objects that it captures are copied at the call, as far as the source says that they are such; an instance of a class is not, so it must not be changed until then: change it before the verb, or make a new one. What a row function itself changes of an instance is LS1207 where the source of its class is at hand; methods of other classes are taken to change nothing there, but for those that are named as a list's or Map's.",
    example: {
      wrong: `const names = new URLSearchParams("LA=Los+Angeles");
const named = trips.derive({ name: (d): string => names.get(d.city) ?? "" });
names.set("NYC", "New York");
await named.writeParquet(out);`,
      right: `const names = new URLSearchParams("LA=Los+Angeles");
names.set("NYC", "New York");
const named = trips.derive({ name: (d): string => names.get(d.city) ?? "" });
await named.writeParquet(out);`,
    },
  },
  (name: string, write: SourceSpan, use: SourceSpan) => ({
    message: `'${name}' is changed after a row function captured it`,
    locations: [at(write, "changed here"), at(use, "captured here")],
    fix: { message: `change it before the verb, or make a new object of '${name}'`, edits: [] },
  }),
);
