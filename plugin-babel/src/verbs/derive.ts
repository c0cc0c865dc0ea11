import { keyReplaced } from "../diagnostics/key-replaced.ts";
import { aggregateFunctions, windowFunctions } from "../functions/index.ts";
import { type Instruction, type RowArgument, type TableType, columnOf } from "../ir/ir.ts";
import type { Column, ValueType } from "../ir/types.ts";
import { expressionOf, groupReads, hashedBy, names, readBy, renameKeys, together, union } from "./rules.ts";
import { reportWindows } from "./window-arguments.ts";
import { seesOrder, windowData } from "./windows.ts";
import type { Verb } from "./verb.ts";

/** The operands that are columns; those of a window's parameters and frame follow it. */
export const columns = (i: Instruction): RowArgument[] => i.rows.filter((r) => r.role === "column" || r.role === "window");
export const windows = (i: Instruction): RowArgument[] => i.rows.filter((r) => r.role === "window");

export function typeOf(r: RowArgument, i: Instruction): ValueType {
  const argument = r.expression?.type ?? null;
  if (r.role !== "window" || r.window === "bin") return argument!;
  // A window's frame has the row itself at least.
  if (r.aggregate !== undefined) return aggregateFunctions.get(r.aggregate)!.result(argument, true);
  const fn = windowFunctions.get(r.window!)!;
  const parameters = i.rows.filter((p) => p.role === "parameter" && p.name === r.name);
  const otherwise = fn.parameters.findIndex((p) => p.takes === "value");
  return fn.result(argument, parameters[otherwise]?.expression?.type ?? null);
}

export const derive: Verb = {
  name: "derive",
  docs: "Adds columns, or replaces columns of the same name in place: row functions, window functions, and aggregates of the group or of a frame. Every one sees the input.",
  example: 'trips.derive({ month: (d) => d.pickup_datetime.getUTCMonth() + 1, previous: op.lag("pickup_datetime") })',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "columns" }],
  type: (i, [input], context): TableType => {
    i.declared = input!.groups;
    reportWindows(i, context);
    const row: Column[] = [...input!.row];
    for (const r of columns(i)) {
      if (groupReads(input).includes(r.name!)) context.report(keyReplaced("derive", r.name!, r.span));
      const column = { name: r.name!, type: typeOf(r, i) };
      const place = row.findIndex((c) => c.name === r.name);
      if (place < 0) row.push(column);
      else row[place] = column;
    }
    return { ...input!, row };
  },
  distribution: (i, inputs) => {
    const keys = names(i.declared ?? []);
    const moved = windows(i).length > 0 && keys.length > 0 && !together(inputs[0], keys) ? hashedBy(keys, inputs) : inputs[0]!;
    return renameKeys(moved, (key) => (i.rows.some((r) => r.name === key) ? null : key));
  },
  communicates: (i, [input]) => {
    if (windows(i).length === 0 || input!.kind === "replicated") return null;
    const keys = names(i.declared ?? []);
    if (keys.length > 0) return together(input, keys) ? null : `by (${keys.join(", ")}): rows shuffled (Alltoallv)`;
    const ranges = windows(i).some((r) => r.frame === "range") ? "sample sort by range: samples (Allgather), rows (Alltoallv); " : "";
    return `${ranges}each rank's first and last rows, its totals (Allgather)`;
  },
  order: (i) => (windows(i).some(seesOrder) ? "observes" : "passes"),
  rowwise: true,
  // A window sees the rows that a filter would drop.
  passFilter: (i, read) => (windows(i).length > 0 || i.rows.some((r) => read.has(r.name!)) ? null : { input: 0 }),
  repeatable: true,
  // A replaced column is asked for even if nothing reads it: its place in the input is the new one's.
  demands: (i, demanded, [input]) => {
    const kept = [...demanded].filter((name) => columnOf(input!.row, name));
    return [union(kept, readBy(i.rows.filter((r) => demanded.has(r.name!))), groupReads(input))];
  },
  prune: (i, demanded) => {
    i.rows = i.rows.filter((r) => demanded.has(r.name!));
  },
  lower: (i) =>
    windows(i).length === 0
      ? { method: "derive", descriptor: { columns: i.rows.map((r) => ({ name: r.name, expression: expressionOf(r) })) } }
      : { method: "window", descriptor: { columns: columns(i).map((r) => ({ name: r.name, value: windowData(r, i) })) } },
};
