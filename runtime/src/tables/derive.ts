import type { Column } from "./column.ts";
import { inferColumn } from "./infer.ts";
import type { KeyCodes } from "./keys.ts";
import { isAggregate, isWindow } from "./made.ts";
import { argumentOf, computed, type Side } from "./operands.ts";
import { columnNamed } from "./row.ts";
import type { RowFunction } from "./types.ts";
import { aggregateColumn, binColumn, windowColumn, type Windowed } from "./window.ts";

/** The column with other values for null and NaN; those of row functions are asked for there alone. */
export function imputedColumn(table: Side, name: string, value: unknown, windowed: Windowed): Column {
  const column = columnNamed(table.columns, name);
  const { at } = column;
  const missing = Int32Array.from({ length: table.rows }, (_, row) => row).filter((row) => at(row) === null || Number.isNaN(at(row)));
  const rows = (): Side => ({ columns: new Map([...table.columns].map(([other, values]) => [other, values.take(missing)])), rows: missing.length });
  const found = typeof value === "function" ? computed(rows(), value as RowFunction<any>, name) : derivedColumn(table, name, value, windowed).take(missing);
  const values = Array.from({ length: table.rows }, (_, row) => at(row));
  missing.forEach((row, n) => {
    values[row] = found.at(n);
  });
  return inferColumn(values, `the column "${name}"`);
}

/** A key of groupby: of a row function, or the bins of a group. */
export function keyOfGroups(groups: KeyCodes): typeof computed {
  return (table, value, name) => (isWindow(value) && "bin" in value.window ? derivedColumn(table, name, value, { groups, peers: undefined }) : computed(table, value, name));
}

/** A column of derive: of a row function, a window function, or an aggregate of a group or a frame. */
export function derivedColumn(table: Side, name: string, value: unknown, windowed: Windowed): Column {
  const call = isWindow(value) ? value.window : isAggregate(value) ? { aggregate: value, frame: undefined } : undefined;
  if (call === undefined) return computed(table, value as RowFunction<any>, name);
  if ("bin" in call) return binColumn(columnNamed(table.columns, call.bin), call.binning, call.offset, windowed);
  const of = "aggregate" in call ? call.aggregate : call;
  const argument = argumentOf(table, name, of.argument);
  if (!("aggregate" in call)) return windowColumn(name, call, argument, windowed);
  const on = call.frame?.kind === "range" ? columnNamed(table.columns, call.frame.on) : undefined;
  const { aggregate, fraction, binning } = call.aggregate;
  const other = argumentOf(table, name, call.aggregate.other);
  return aggregateColumn({ aggregate, fraction, binning, argument, other }, call.frame, windowed, on);
}
