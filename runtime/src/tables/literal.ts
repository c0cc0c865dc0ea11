import { checkEven } from "./even.ts";
import { inferColumn } from "./infer.ts";
import { Table } from "./table.ts";
import type * as T from "./types.ts";

/** A table of the given columns: `table({ id: [1, 2], at: [new Date(), null] })`. */
export function table<C extends Readonly<Record<string, readonly T.Cell[]>>>(
  columns: C,
): Table<{ -readonly [K in keyof C]: T.Stored<T.Widened<C[K][number]>> }> {
  const entries = Object.entries(columns);
  const rows = entries[0]?.[1].length ?? 0;
  checkEven(entries);
  return new Table(new Map(entries.map(([name, values]) => [name, inferColumn(values, `the column "${name}"`)])), rows);
}
