import { columnOf } from "../ir/ir.ts";
import type { Column } from "../ir/types.ts";
import { namedExpressions, readBy, renameKeys, silent, union } from "./rules.ts";
import type { Verb } from "./verb.ts";

export const derive: Verb = {
  name: "derive",
  docs: "Adds columns, or replaces columns of the same name in place; every expression sees the input row.",
  example: "trips.derive({ month: (d) => d.pickup_datetime.getUTCMonth() + 1 })",
  on: "table",
  role: "verb",
  signature: [{ kind: "columns" }],
  type: (i, [input]) => {
    const row: Column[] = [...input!.row];
    for (const { name, expression } of i.rows) {
      const column = { name: name!, type: expression!.type };
      const place = row.findIndex((c) => c.name === name);
      if (place < 0) row.push(column);
      else row[place] = column;
    }
    return { ...input!, row };
  },
  distribution: (i, [input]) => renameKeys(input!, (key) => (i.rows.some((r) => r.name === key) ? null : key)),
  communicates: silent,
  order: () => "passes",
  rowwise: true,
  passFilter: (i, columns) => (i.rows.some((r) => columns.has(r.name!)) ? null : { input: 0 }),
  repeatable: true,
  // A replaced column is asked for even if nothing reads it: its place in the input is the new one's.
  demands: (i, demanded, [input]) => {
    const kept = [...demanded].filter((name) => columnOf(input!.row, name));
    return [union(kept, readBy(i.rows.filter((r) => demanded.has(r.name!))))];
  },
  prune: (i, demanded) => {
    i.rows = i.rows.filter((r) => demanded.has(r.name!));
  },
  lower: (i) => ({ method: "derive", descriptor: { columns: namedExpressions(i.rows) } }),
};
