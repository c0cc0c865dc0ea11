import { reportMissing, reportTwice } from "./named.ts";
import { select } from "./select.ts";
import type { Verb } from "./verb.ts";

/** A select of all columns in place: it is one from the type rule on. */
export const rename: Verb = {
  ...select,
  name: "rename",
  docs: "Gives columns new names; all others stay.",
  example: 'weather.rename({ DATE: "day" })',
  signature: [{ kind: "renaming" }],
  besides: () => "passes",
  type: (i, [input], context) => {
    const asked = new Map(i.columns.map((c) => [c.from, c]));
    reportMissing(i, asked.values(), [input!], context);
    i.columns = input!.row.map(({ name }) => ({ input: 0, from: name, as: asked.get(name)?.as ?? name, span: asked.get(name)?.span ?? i.span }));
    reportTwice(i.columns, context);
    return { ...input!, row: i.columns.map((c, n) => ({ name: c.as, type: input!.row[n]!.type })) };
  },
};
