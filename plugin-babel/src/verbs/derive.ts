import type { Data } from "../ir/data.ts";
import type { Instruction } from "../ir/ir.ts";
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
  demands: (i, demanded) => {
    const kept = [...demanded].filter((name) => !i.rows.some((r) => r.name === name));
    return [union(kept, readBy(i.rows.filter((r) => demanded.has(r.name!))))];
  },
  prune: (i, demanded) => {
    i.rows = i.rows.filter((r) => demanded.has(r.name!));
  },
  lower: (i) => ({ method: "derive", descriptor: { columns: namedExpressions(i.rows), ...reordered(i) } }),
};

/** The order of the result, where a replaced column is not there to keep its place: nobody had read it. */
function reordered(i: Instruction): { order?: Data } {
  if (i.demanded === null) return {};
  const own = i.rows.map((r) => r.name!);
  const appended = [...i.demanded.filter((name) => !own.includes(name)), ...own];
  return appended.every((name, n) => name === i.demanded![n]) ? {} : { order: [...i.demanded] };
}
