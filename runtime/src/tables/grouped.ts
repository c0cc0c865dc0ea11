import { LockstepError } from "../errors/index.ts";
import { aggregate, type Aggregation } from "./aggregate.ts";
import type { KeyCodes } from "./keys.ts";
import { op, type Aggregate } from "./op.ts";
import { columnNamed, type Columns } from "./row.ts";
import { Table } from "./table.ts";
import type * as T from "./types.ts";

/** A table in groups: what groupby() gives, for rollup() or count(). */
export class GroupedTable<Row, Keys> {
  readonly #columns: Columns;
  readonly #keys: Columns;
  readonly #groups: KeyCodes;

  constructor(columns: Columns, keys: Columns, groups: KeyCodes) {
    this.#columns = columns;
    this.#keys = keys;
    this.#groups = groups;
  }

  /** A row of keys and aggregates for each group: `rollup({ n: op.count(), fare: op.mean("fare") })`. */
  rollup<const A extends T.Aggregates<Row>>(aggregates: A): Table<T.Simplify<Omit<Keys, keyof A> & T.GroupResults<A>>> {
    const { codes, first } = this.#groups;
    const source = new Table<Row>(this.#columns, codes.length);
    const columns = new Map([...this.#keys].map(([name, column]) => [name, column.take(first)]));
    const aggregations = Object.entries(aggregates).map(([name, value]): Aggregation => {
      const { aggregate: fn, argument } = checked(name, value);
      if (typeof argument === "function") {
        const derived = source.derive({ [name]: argument as T.RowFunction<Row> });
        return { name, aggregate: fn, argument: columnNamed(derived.columns, name) };
      }
      return { name, aggregate: fn, argument: argument === undefined ? undefined : columnNamed(this.#columns, argument) };
    });
    for (const [name, column] of aggregate(aggregations, this.#groups)) columns.set(name, column);
    return new Table(columns, first.length);
  }

  /** The keys and the number of rows of each group, as `count`. */
  count(): Table<T.Simplify<Omit<Keys, "count"> & { count: number }>> {
    return this.rollup({ count: op.count<Row>() }) as never;
  }
}

function checked(name: string, value: unknown): Aggregate<never, unknown, unknown> {
  if (typeof value === "object" && value !== null && "aggregate" in value) return value as Aggregate<never, unknown, unknown>;
  throw new LockstepError({
    code: "LS2016",
    message: `rollup: "${name}" is not an aggregate`,
    fix: `Give an aggregate as a value: rollup({ ${name}: op.sum(d => d.x) }).`,
  });
}
