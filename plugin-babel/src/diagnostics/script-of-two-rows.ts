import type { SourceSpan } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const scriptOfTwoRows = defineDiagnostic(
  {
    code: "LS1222",
    title: "A join's condition without a native form",
    kind: "not-supported",
    docs: "A condition on two rows, (a, b) => …, is asked of very many pairs, so it has to run in the engine: what only V8 can do, such as matching a regular expression, it cannot do yet. Derive a column with it in the table it reads, before the join.",
    example: {
      wrong: 'await trips.join(zones, (a, b) => a.zone > b.zone && /[aeiou]{2}/.test(b.borough)).writeParquet(out);',
      right: 'await trips.join(zones.derive({ hasTwo: (d) => /[aeiou]{2}/.test(d.borough) }), (a, b) => a.zone > b.zone && b.hasTwo).writeParquet(out);',
    },
  },
  (span: SourceSpan, reason: string) => ({
    message: "This condition of a join has no native form",
    locations: [at(span, "only V8 can run it")],
    why: [reason],
    fix: { message: "derive a column with it in the table it reads, before the join", edits: [] },
  }),
);
