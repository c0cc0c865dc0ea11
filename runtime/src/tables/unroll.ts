import { LockstepError } from "../errors/index.ts";
import { int64, string } from "./arrow-type.ts";
import { Column } from "./column.ts";
import { inferColumn } from "./infer.ts";
import { type Side, valuesOf } from "./operands.ts";
import { columnNamed } from "./row.ts";

export interface UnrollOptions<Index extends string | boolean = string | boolean, Drop = unknown> {
  /** Adds a column of the parts' places in their text, from 0: its name, or true for "index". */
  readonly index?: Index;
  /** At most so many parts of each row. */
  readonly limit?: number;
  /** Columns that are left out: a name or several. */
  readonly drop?: Drop;
}

/** A row for each part of each row. */
export function unrolled(table: Side, texts: Readonly<Record<string, (d: any) => readonly string[]>>, { index, limit = Infinity, drop = [] }: UnrollOptions): Side {
  const [[name, split] = [], ...more] = Object.entries(texts);
  if (name === undefined || split === undefined || more.length > 0) throw new LockstepError({ code: "LS2016", message: 'unroll is of one text that is split: unroll({ word: (d) => d.text.split(" ") })' });
  if (!(limit > 0)) throw new LockstepError({ code: "LS2016", message: `unroll: the limit is a number of parts above 0, not ${String(limit)}` });
  const dropped = [drop].flat() as string[];
  for (const column of dropped) columnNamed(table.columns, column);
  const kept = valuesOf(table, split).map((all) => all.slice(0, limit));
  const rows = Int32Array.from(kept.flatMap((all, row) => all.map(() => row)));
  const out = new Map([...table.columns].filter(([column]) => !dropped.includes(column)).map(([column, values]) => [column, values.take(rows)]));
  const values = kept.flat();
  out.set(name, values.length === 0 ? new Column(string, 0, []) : inferColumn(values, `the column "${name}"`));
  const place = index === true ? "index" : index || undefined;
  if (place === name) throw new LockstepError({ code: "LS2016", message: `unroll: two columns would be named "${name}"` });
  if (place !== undefined) out.set(place, new Column(int64, rows.length, kept.flatMap((all) => all.map((_, i) => i))));
  return { columns: out, rows: rows.length };
}
