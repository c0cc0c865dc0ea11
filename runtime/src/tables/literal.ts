import { LockstepError } from "../errors/index.ts";
import { inferColumn } from "./infer.ts";
import { Table } from "./table.ts";
import type * as T from "./types.ts";

/** A table of the given columns: `table({ id: [1, 2], at: [new Date(), null] })`. */
export function table<C extends Readonly<Record<string, readonly T.Scalar[]>>>(
  columns: C,
): Table<{ -readonly [K in keyof C]: T.Stored<T.Widened<C[K][number]>> }> {
  const entries = Object.entries(columns);
  const rows = entries[0]?.[1].length ?? 0;
  const uneven = entries.find(([, values]) => values.length !== rows);
  if (uneven !== undefined) {
    throw new LockstepError({
      code: "LS2016",
      message: `the columns "${entries[0]![0]}" and "${uneven[0]}" have ${rows} and ${uneven[1].length} values`,
    });
  }
  return new Table(new Map(entries.map(([name, values]) => [name, inferColumn(values, `the column "${name}"`)])), rows);
}
