import { type OutputColumn, columnOf } from "../ir/ir.ts";
import type { Column } from "../ir/types.ts";
import { reportMissing, reportTwice } from "./named.ts";
import { renameKeys, silent } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const select: Verb = {
  name: "select",
  docs: "Keeps the named columns, in the order given, under new names where an object says so. Beside names stand selections: `all()`, `not(…)`, `startswith(…)`, `endswith(…)`, `matches(…)`.",
  example: 'weather.select("DATE", { PRCP: "precipitation" })',
  on: "table",
  role: "verb",
  signature: [{ kind: "selection" }],
  type: (i, [input], context) => {
    // As in Arquero: a column named twice stands where it was named first, under the name given last.
    const chosen = new Map<string, OutputColumn>();
    for (const column of i.columns) chosen.set(column.from, column);
    const row = reportMissing(i, chosen.values(), [input!], context).map(({ from, as }): Column => ({ name: as, type: columnOf(input!.row, from)! }));
    i.columns = [...chosen.values()];
    reportTwice(i.columns, context);
    return { ...input!, row };
  },
  distribution: (i, [input]) => renameKeys(input!, (key) => i.columns.find((c) => c.from === key)?.as ?? null),
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  passFilter: (i) => ({ input: 0, rename: new Map(i.columns.map((c) => [c.as, c.from])) }),
  repeatable: true,
  demands: (i, demanded) => [new Set(i.columns.filter((c) => demanded.has(c.as)).map((c) => c.from))],
  prune: (i, demanded) => {
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  besides: (i) => (i.wild ? "passes" : "ends"),
  lower: (i) => ({ method: "select", descriptor: { columns: i.columns.map(({ from, as }) => ({ from, as })) } }),
};
