import { LockstepError } from "../errors/index.ts";
import type { Column } from "./column.ts";
import { inferColumn } from "./infer.ts";
import type { Columns } from "./row.ts";

/** Names of the columns that fold() makes. */
export interface FoldOptions<Key extends string = string, Value extends string = string> {
  /** Of the column of names and of the column of values: "key" and "value" by default. */
  readonly as?: readonly [key: Key, value: Value];
}

/** A row for each folded column of each row: the other columns, the folded column's name, its value. */
export function foldColumns(columns: Columns, rows: number, folded: Columns, [key, value]: readonly [string, string]): Map<string, Column> {
  const names = [...folded.keys()];
  const repeated = Int32Array.from({ length: rows * names.length }, (_, i) => Math.floor(i / names.length));
  const out = new Map<string, Column>();
  for (const [name, column] of columns) if (!folded.has(name)) out.set(name, column.take(repeated));
  for (const name of [key, value]) {
    if (out.has(name) || key === value) throw new LockstepError({ code: "LS2016", message: `fold: two columns would be named "${name}"`, fix: 'Name them otherwise: fold(columns, { as: ["name", "amount"] }).' });
  }
  const cells = [...folded.values()];
  out.set(key, inferColumn(Array.from(repeated, (_, i) => names[i % names.length]!), `the column "${key}"`));
  out.set(value, inferColumn(Array.from(repeated, (row, i) => cells[i % cells.length]!.at(row)), `the column "${value}"`));
  return out;
}
