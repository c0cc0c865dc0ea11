import { keyReplaced } from "../diagnostics/key-replaced.ts";
import { verbArgument } from "../diagnostics/verb-argument.ts";
import { aggregateFunctions, windowFunctions } from "../functions/index.ts";
import { columnOf, type Instruction, type OutputColumn, type RowArgument, type TableType } from "../ir/ir.ts";
import type { Column, RowType, ValueType } from "../ir/types.ts";
import { relocated } from "./relocate.ts";
import { expressionOf, groupReads, hashedBy, names, readBy, renameKeys, together, union } from "./rules.ts";
import { reportWindows } from "./window-arguments.ts";
import { seesOrder, windowData } from "./windows.ts";
import type { TypeContext, Verb } from "./verb.ts";

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

/** The columns that are derived are all there is. */
const isDropping = (i: Instruction): boolean => i.rows.some((r) => r.role === "parameter" && r.name === null);

/** The columns as the options order them. Those that replace another stay in its place. */
function placed(i: Instruction, input: TableType, row: RowType, context: TypeContext): RowType {
  if (!isDropping(i) && i.columns.length === 0) return row;
  if (input.groups) {
    context.report(verbArgument(i.op, "no options on a grouped table", i.columns[0]?.span ?? i.span, "ungroup() after it, and select(…) or relocate(…) the columns then"));
    i.columns = [];
    return row;
  }
  const output = (name: string): OutputColumn => ({ input: 0, from: name, as: name, span: i.span });
  const derived = [...new Set(columns(i).map((r) => r.name!))];
  i.columns = isDropping(i) ? derived.map(output) : (relocated(i, derived.filter((name) => !columnOf(input.row, name)).map(output), row, context) ?? []);
  return i.columns.length === 0 ? row : i.columns.map(({ as }) => ({ name: as, type: columnOf(row, as)! }));
}

export const derive: Verb = {
  name: "derive",
  docs: "Adds columns, or replaces columns of the same name in place: row functions, window functions, and aggregates of the group or of a frame. Every one sees the input. Of a table without groups new columns stand `before` or `after` another, and with `drop` they are all there is.",
  example: 'trips.derive({ month: (d) => d.pickup_datetime.getUTCMonth() + 1, previous: op.lag("pickup_datetime") })',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "columns" }, { kind: "placed" }],
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
    return { ...input!, row: placed(i, input!, row, context) };
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
    i.rows = i.rows.filter((r) => r.name === null || demanded.has(r.name));
    i.columns = i.columns.filter((c) => demanded.has(c.as));
  },
  besides: (i) => (isDropping(i) ? "ends" : "passes"),
  lower: (i) => {
    const select = (isDropping(i) || i.columns.length > 0) && { select: i.columns.map(({ from, as }) => ({ from, as })) };
    return windows(i).length === 0
      ? { method: "derive", descriptor: { columns: columns(i).map((r) => ({ name: r.name, expression: expressionOf(r) })), ...select } }
      : { method: "window", descriptor: { columns: columns(i).map((r) => ({ name: r.name, value: windowData(r, i) })), ...select } };
  },
};
