import { LockstepError } from "../errors/index.ts";
import { int64 } from "./arrow-type.ts";
import { Column, unsupportedType, type Stored } from "./column.ts";
import { elementView, isListView } from "./js-view.ts";
import { inferColumn } from "./infer.ts";
import { type Side, valuesOf } from "./operands.ts";
import { columnNamed } from "./row.ts";
import { namesOf } from "./selection.ts";

export interface UnrollOptions<Index extends string | boolean = string | boolean, Drop = unknown> {
  /** Adds a column of the elements' places in their array, from 0: its name, or true for "index". */
  readonly index?: Index;
  /** At most so many elements of each row. */
  readonly limit?: number;
  /** Columns that are left out: a name or several, or a selection. */
  readonly drop?: Drop;
}

/** A row for each element of each row's arrays, which stand side by side: the shorter end in nulls. */
export function unrolled(table: Side, lists: unknown, { index, limit = Infinity, drop = [] }: UnrollOptions): Side {
  const columns = listColumns(table, lists, "unroll");
  if (!(limit > 0)) throw new LockstepError({ code: "LS2016", message: `unroll: the limit is a number of elements above 0, not ${String(limit)}` });
  const dropped = namesOf(drop, table.columns);
  for (const column of dropped) columnNamed(table.columns, column);
  const place = index === true ? "index" : index || undefined;
  if (place !== undefined && columns.has(place)) throw new LockstepError({ code: "LS2016", message: `unroll: two columns would be named "${place}"` });
  const lengths = Array.from({ length: table.rows }, (_, row) => Math.min(limit, Math.max(...Array.from(columns.values(), ({ values }) => (values[row] as readonly Stored[] | null)?.length ?? 0))));
  const rows = Int32Array.from(lengths.flatMap((length, row) => new Array<number>(length).fill(row)));
  const places = lengths.flatMap((length) => Array.from({ length }, (_, i) => i));
  const out = new Map([...table.columns].filter(([name]) => !dropped.includes(name)).map(([name, values]) => [name, columns.has(name) ? values : values.take(rows)]));
  for (const [name, { type, view, values, origin, remedy }] of columns) {
    const elements = Array.from(rows, (row, i) => (values[row] as readonly Stored[] | null)?.[places[i]!] ?? null);
    const of = type.id === "list" ? type.of : type;
    out.set(name, new Column(of, rows.length, elements, { ...(isListView(view) && { view: elementView(view) }), origin, remedy }));
  }
  if (place !== undefined) out.set(place, new Column(int64, rows.length, places));
  return { columns: out, rows: rows.length };
}

/** The columns of arrays: a name, names, or functions by the names of their columns. */
export function listColumns(table: Side, lists: unknown, verb: string): Map<string, Column> {
  const isNamed = typeof lists === "string" || Array.isArray(lists);
  const columns = isNamed
    ? ([lists].flat() as string[]).map((name) => [name, columnNamed(table.columns, name)] as const)
    : Object.entries((lists ?? {}) as Record<string, (d: unknown) => readonly unknown[]>).map(([name, list]) => [name, inferColumn(valuesOf(table, list), `the column "${name}"`)] as const);
  for (const [name, column] of columns) {
    if (column.type.id === "list" || column.type.id === "null") continue;
    if (column.view === "none") throw unsupportedType(column, `${verb}ed`);
    throw new LockstepError({ code: "LS2016", message: `${verb}: "${name}" holds no arrays`, fix: isNamed ? `A text is split first: ${verb}({ word: (d) => d.text.split(" ") }).` : "Return an array." });
  }
  if (columns.length === 0) throw new LockstepError({ code: "LS2016", message: `${verb} takes columns of arrays, ${verb}("tags"), or functions that give arrays: ${verb}({ word: (d) => d.text.split(" ") })` });
  return new Map(columns);
}
