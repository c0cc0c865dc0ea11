import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import { aggregate, type Aggregation } from "./aggregate.ts";
import { Column, type Rows } from "./column.ts";
import { derivedColumn, imputedColumn, keyOfGroups } from "./derive.ts";
import { groupCodes, type KeyCodes } from "./keys.ts";
import { isAggregate } from "./made.ts";
import { op, type Aggregate } from "./op.ts";
import { argumentOf, keyColumns, rowsWhere } from "./operands.ts";
import type { OrderKey } from "./order.ts";
import { pivotColumns, type PivotKey, type PivotOptions } from "./pivot.ts";
import type { Columns } from "./row.ts";
import type { SampleOptions } from "./sample.ts";
import { sliceOf } from "./slice.ts";
import { Table } from "./table.ts";
import type * as T from "./types.ts";

export interface CountOptions<Name extends string = string> {
  /** The column's name: "count" by default. */
  readonly as?: Name;
}

/**
 * A table in groups: what groupby() gives. rollup() and count() make a row of each group; the other verbs keep the rows in
 * their groups, which stand in the order in which they first appear in the rows that are left. ungroup() gives the table back.
 */
export class GroupedTable<Row, Keys> {
  readonly #table: Table<Row>;
  readonly #keys: Columns;
  #found: KeyCodes | undefined;

  constructor(table: Table<Row>, keys: Columns) {
    this.#table = table;
    this.#keys = keys;
  }

  get #groups(): KeyCodes {
    return (this.#found ??= groupCodes([...this.#keys.values()], this.#table.numRows()));
  }

  /** A row of keys and aggregates for each group: `rollup({ n: op.count(), fare: op.mean("fare") })`. */
  rollup<const A extends T.Aggregates<Row>>(aggregates: A): Table<T.Simplify<Omit<Keys, keyof A> & T.GroupResults<A>>> {
    const { first } = this.#groups;
    return new Table(new Map([...this.#groupKeys(), ...aggregate(this.#aggregations(aggregates), this.#groups)]), first.length);
  }

  /**
   * A row for each group: its keys, and for each of the keys listed a column of the aggregates of the rows that have it in `on`.
   * `values` is a column (of which any value is taken) or aggregates; of several, columns are named `name_key`.
   */
  pivot<const On extends T.ColumnName<Row> | T.RowFunctions<Row>, const V extends T.ColumnName<Row> | T.Aggregates<Row>, const K extends readonly PivotKey[], const S extends string = "_">(
    on: On,
    values: V,
    options: PivotOptions<K, S>,
  ): Table<T.Simplify<Keys & T.Pivoted<Row, V, K, S>>> {
    const aggregations = this.#aggregations(typeof values === "string" ? { [values]: op.any(values as never) } : values);
    const [column, ...more] = keyColumns(this.#table, [on]).values();
    if (column === undefined || more.length > 0) throw new LockstepError({ code: "LS2016", message: "pivot is on one column, or on one row function: pivot({ key: (d) => d.x }, …)" });
    const columns = [...this.#groupKeys(), ...pivotColumns(column, aggregations, this.#groups, options)];
    const twice = columns.find(([name], i) => columns.findIndex(([other]) => other === name) < i);
    if (twice !== undefined) throw new LockstepError({ code: "LS2016", message: `pivot: two columns would be named "${twice[0]}"` });
    return new Table(new Map(columns), this.#groups.first.length);
  }

  /** The keys and the number of rows of each group, as `count`, or as `{ as: "n" }` names it. */
  count<const N extends string = "count">(options: CountOptions<N> = {}): Table<T.Simplify<Omit<Keys, N> & { [K in N]: number }>> {
    checkOptions("count", options);
    return this.rollup({ [options.as ?? "count"]: op.count<Row>() }) as never;
  }

  /** As of a table; window functions and aggregates see the rows of the group alone. */
  derive<const F extends T.Columns<Row>>(columns: F): GroupedTable<T.Derived<Row, F>, Keys> {
    return new GroupedTable(this.#table.withColumns(columns, derivedColumn, this.#groups), this.#keys);
  }

  /** As of a table; aggregates see the rows of the group alone. */
  impute<const F extends T.Imputes<Row>>(columns: F): GroupedTable<T.Imputed<Row, F>, Keys> {
    return new GroupedTable(this.#table.withColumns(columns, imputedColumn, this.#groups), this.#keys);
  }

  /** Rows for which the predicate is truthy. */
  filter(predicate: T.RowFunction<Row>): GroupedTable<Row, Keys> {
    const rows = rowsWhere(this.#table, predicate);
    return this.#take(rows, this.#table.take(rows, this.#table.order));
  }

  /** Sorts the rows of the table, whatever their groups. */
  orderby(...keys: T.NonEmpty<OrderKey<Row>>): GroupedTable<Row, Keys> {
    const { rows, order } = this.#table.sortedBy(keys);
    return this.#take(rows, this.#table.take(rows, order));
  }

  /** Rows start to end (exclusive) of each group; negative numbers count from its end. */
  slice(start = 0, end = Infinity): GroupedTable<Row, Keys> {
    const { codes, first } = this.#groups;
    const sizes = new Int32Array(first.length);
    for (const code of codes) sizes[code]!++;
    const bounds = Array.from(sizes, (size) => sliceOf(start, end, size));
    const next = new Int32Array(first.length);
    const isKept = (code: number): boolean => {
      const place = next[code]!++;
      return place >= bounds[code]![0] && place < bounds[code]![1];
    };
    const rows = Int32Array.from([...codes.keys()].filter((row) => isKept(codes[row]!)));
    return this.#take(rows, this.#table.take(rows));
  }

  /** So many rows of each group, as of a table. */
  sample(size: number, options: SampleOptions<Row> = {}): GroupedTable<Row, Keys> {
    const rows = this.#table.sampledOf(this.#groups, size, options);
    return this.#take(rows, this.#table.take(rows));
  }

  /** Other groups of the same rows; a bin() is of the rows of the group as it was. */
  groupby<const K extends readonly T.GroupKey<Row>[]>(...keys: K): GroupedTable<Row, T.Keys<Row, K>> {
    return new GroupedTable<Row, T.Keys<Row, K>>(this.#table, keyColumns(this.#table, keys, keyOfGroups(this.#groups)));
  }

  /** The table without its groups. */
  ungroup(): Table<Row> {
    return this.#table;
  }

  #groupKeys(): [name: string, column: Column][] {
    return [...this.#keys].map(([name, column]) => [name, unsignedZero(column.take(this.#groups.first))]);
  }

  #aggregations(aggregates: T.Aggregates<Row>): Aggregation[] {
    const table = this.#table;
    return Object.entries(aggregates).map(([name, value]) => {
      const { aggregate: fn, fraction, binning, argument, other } = checked(name, value);
      return { name, aggregate: fn, fraction, binning, argument: argumentOf(table, name, argument), other: argumentOf(table, name, other) };
    });
  }

  #take(rows: Rows, table: Table<Row>): GroupedTable<Row, Keys> {
    return new GroupedTable(table, new Map([...this.#keys].map(([name, column]) => [name, column.take(rows)])));
  }
}

/** -0 and 0 are one key, and which of them came first is seen by nobody: the key is 0. */
function unsignedZero(column: Column): Column {
  if (column.type.id !== "float") return column;
  return new Column(column.type, column.length, Array.from(column.values, (v) => (v === 0 ? 0 : v)), { view: column.view });
}

function checked(name: string, value: unknown): Aggregate<never, unknown, unknown> {
  if (isAggregate(value)) return value;
  throw new LockstepError({
    code: "LS2016",
    message: `rollup: "${name}" is not an aggregate`,
    fix: `Give an aggregate as a value: rollup({ ${name}: op.sum(d => d.x) }).`,
  });
}
