import { LockstepError } from "../errors/index.ts";
import { aggregate, type Aggregation } from "./aggregate.ts";
import { float64 } from "./arrow-type.ts";
import { Column } from "./column.ts";
import type { KeyCodes } from "./keys.ts";
import type { AggregateName } from "./op.ts";

/** What becomes a column of a pivot. */
export type PivotKey = string | number | boolean;

export interface PivotOptions<Keys extends readonly PivotKey[], Separator extends string = string> {
  /** The values that become columns, in the order of the columns. */
  readonly keys: Keys;
  /** Stands between name and key where there are several aggregates: "_" by default. */
  readonly valueSeparator?: Separator;
}

/** Columns of each group: of every aggregate, and for each key, the answer of the rows that have it. */
export function pivotColumns(on: Column, aggregations: readonly Aggregation[], { codes, first }: KeyCodes, options: PivotOptions<readonly PivotKey[]>): [name: string, column: Column][] {
  const { keys, valueSeparator = "_" } = (options ?? {}) as PivotOptions<readonly PivotKey[]>;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new LockstepError({ code: "LS2016", message: "pivot takes { keys: […] }, the values that become columns", fix: 'List them: pivot("month", "miles", { keys: [1, 2, 3] }).' });
  }
  const answers = keys.map((key) => {
    const rows = Int32Array.from({ length: on.length }, (_, row) => row).filter((row) => on.at(row) === key);
    const taken = aggregations.map((of) => ({ ...of, argument: of.argument?.take(rows), other: of.other?.take(rows) }));
    return aggregate(taken, { codes: Uint32Array.from(rows, (row) => codes[row]!), first });
  });
  return aggregations.flatMap(({ name, aggregate: fn }, i) =>
    keys.map((key, k): [string, Column] => {
      const column = answers[k]![i]![1];
      return [aggregations.length === 1 ? String(key) : `${name}${valueSeparator}${String(key)}`, nullOfNothing(fn, column)];
    }),
  );
}

/** As in Arquero the number of no rows is null here, too, and so are the bins of nothing. */
function nullOfNothing(fn: AggregateName, column: Column): Column {
  if (fn === "count") return new Column(float64, column.length, Array.from(column.values, (n) => (n === 0 ? null : n)));
  if (fn === "bins") return new Column(column.type, column.length, Array.from(column.values, (bins) => (Number.isNaN((bins as readonly number[])[0]) ? null : bins)), { view: column.view });
  return column;
}
