import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const leavesTry = defineDiagnostic(
  {
    code: "LS1312",
    title: "A row function that may throw after its try",
    kind: "not-supported",
    docs: "Tables are computed when they are observed or written. A row function that can throw, called inside a try and computed after it, would throw where nobody catches. Observe or write the table inside the try.",
    example: {
      wrong: `let numbers = trips.derive({ code: (d) => BigInt(0) });
try {
  numbers = trips.derive({ code: (d) => BigInt(d.city) });
} catch {
  console.log("no numbers");
}
await numbers.writeParquet(out);`,
      right: `try {
  await trips.derive({ code: (d) => BigInt(d.city) }).writeParquet(out);
} catch {
  console.log("no numbers");
}`,
    },
  },
  (verb: string, span: SourceSpan, executed: SourceSpan) => ({
    message: `A row function of ${verb} can throw, and its table is computed after the try it stands in`,
    locations: [at(span, "inside a try"), at(executed, "computed here, outside of it")],
    fix: { message: "observe or write the table inside the try, or move the verb out of it", edits: [] },
  }),
);
