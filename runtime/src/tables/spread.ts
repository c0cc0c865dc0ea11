import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import type { Column } from "./column.ts";
import { inferColumn } from "./infer.ts";
import type { Side } from "./operands.ts";
import { listColumns } from "./unroll.ts";

/** How many columns an array becomes, and what they are called. */
export type SpreadOptions<As extends readonly string[] = readonly string[], Limit extends number = number, Drop extends boolean = boolean> = {
  /** Whether the array itself is left out, as it is by default. */
  readonly drop?: Drop;
} & (
  | {
      /** Names of the columns, of one array alone: `name_1`, `name_2` and so on by default. */
      readonly as: As;
      readonly limit?: Limit;
    }
  | {
      /** So many columns of each array: as many as names by default. */
      readonly limit: Limit;
      readonly as?: As;
    }
);

/** A column for each of the first elements of each row's arrays, null where there are not as many; columns stand where their array did, or last. */
export function spread(table: Side, lists: unknown, options: SpreadOptions): Map<string, Column> {
  checkOptions("spread", options);
  const columns = listColumns(table, lists, "spread");
  const { as, limit = as?.length, drop = true } = options ?? {};
  if (limit === undefined || !(Number.isSafeInteger(limit) && limit > 0)) throw new LockstepError({ code: "LS2016", message: "spread takes { as: […] }, the names of the columns, or { limit: n }, how many there are", fix: 'Write them: spread("pair", { as: ["first", "second"] }).' });
  const out = new Map<string, Column>();
  const add = (name: string, column: Column): void => {
    if (out.has(name)) throw new LockstepError({ code: "LS2016", message: `spread: two columns would be named "${name}"`, fix: 'Name them otherwise: spread("pair", { as: ["first", "second"] }).' });
    out.set(name, column);
  };
  const addElements = (name: string, { at }: Column): void => {
    const rows = Array.from({ length: table.rows }, (_, row) => at(row) as readonly unknown[] | null);
    for (let n = 0; n < limit; n++) {
      const called = (columns.size === 1 && as?.[n]) || `${name}_${n + 1}`;
      // What JavaScript sees in them, as of a row function.
      add(called, inferColumn(rows.map((list) => list?.[n] ?? null), `the column "${called}"`));
    }
  };
  for (const [name, column] of table.columns) {
    const list = columns.get(name);
    if (!list || !drop) add(name, column);
    if (list) addElements(name, list);
  }
  for (const [name, list] of columns) if (!table.columns.has(name)) addElements(name, list);
  return out;
}
