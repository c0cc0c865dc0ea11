import type { SourceSpan } from "../ir/types.ts";
import { closest } from "./closest.ts";
import { at, defineDiagnostic } from "./define.ts";

export const unknownVerb = defineDiagnostic(
  {
    code: "LS1102",
    title: "No such verb",
    kind: "user-error",
    docs: "A table has Arquero's verbs, observers and writers; other properties it has not. Verbs of Arquero that Lockstep does not compile yet are among the unknown ones: write them with the verbs there are.",
    example: {
      wrong: "await trips.filtr((d) => d.fare > 10).writeParquet(out);",
      right: "await trips.filter((d) => d.fare > 10).writeParquet(out);",
    },
  },
  (name: string, span: SourceSpan, known: readonly string[]) => {
    if (known.includes(name)) {
      return {
        message: `A table's '${name}' is called where it stands: it is no value of its own`,
        locations: [at(span, "not called")],
        fix: { message: `write .${name}(…), in a function of its own if need be`, edits: [] },
      };
    }
    const near = closest(name, known);
    return {
      message: `A table has no verb '${name}'${near === null ? "" : `; did you mean '${near}'?`}`,
      locations: [at(span, "not a verb")],
      why: [`there are ${known.join(", ")}`],
      ...(near === null ? {} : { fix: { message: `write '${near}'`, edits: [{ ...span, text: near }] } }),
    };
  },
);
