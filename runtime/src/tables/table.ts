import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import { asofRows, type AsofOptions } from "./asof.ts";
import { type BatchOptions, checkBatches, checkSeed, type ShuffleOptions } from "./batch-options.ts";
import { type Batches, batchesOf } from "./batches.ts";
import type { Column, Rows } from "./column.ts";
import { concatColumns } from "./concat.ts";
import { derivedColumn, imputedColumn, keyOfGroups } from "./derive.ts";
import { type CountOptions, GroupedTable } from "./grouped.ts";
import { inferColumn } from "./infer.ts";
import { foldColumns, type FoldOptions } from "./fold.ts";
import { checkJoin, crossRows, foundRows, joinColumns, joinKeysOf, type JoinOptions, joinRows, matchingOf, matchingRows, type Outer } from "./join.ts";
import { groupCodes, type KeyCodes } from "./keys.ts";
import { computed, keyColumn, keyColumns, rowsWhere, type Side } from "./operands.ts";
import { peersOf, sortedRows, type OrderKey, type SortColumn } from "./order.ts";
import type { PivotKey, PivotOptions } from "./pivot.ts";
import { printTable } from "./print.ts";
import { recordsOf } from "./record.ts";
import { type DeriveOptions, derivedNames, type Place, relocatedNames } from "./relocate.ts";
import { columnNamed, renamedColumns, type Columns } from "./row.ts";
import { checkSample, sampledRows, type SampleOptions } from "./sample.ts";
import { chosenNames, namesOf } from "./selection.ts";
import { rangeOf, type RowRange, sliceOf } from "./slice.ts";
import { spread, type SpreadOptions } from "./spread.ts";
import type * as T from "./types.ts";
import { unrolled, type UnrollOptions } from "./unroll.ts";
import { WritableTable } from "./writable.ts";

/** A table seen without its row type. */
type AnyTable = Table<any>;

/**
 * A table whose columns are known to the type checker. Tables are immutable: a verb returns a new one.
 *
 * Verbs have Arquero's names and meaning. A row function (`d => d.fare * rate`) is ordinary JavaScript.
 * Under plain Node a verb computes at once, except that a column is read or gathered when it is first looked at.
 */
export class Table<Row> extends WritableTable<Row> implements Iterable<Row>, Side {
  /** The columns, for connectors and verbs. */
  readonly columns: Columns;
  /** Their number, for connectors and verbs. */
  readonly rows: number;
  /** For verbs: what the rows are sorted by, as it was when they were. filter, derive, impute, select, rename, relocate and spread keep it, others forget it. */
  readonly order: readonly SortColumn[];

  /** Made by readers and verbs; use {@link table} for a literal. */
  constructor(columns: Columns, rows: number, order: readonly SortColumn[] = []) {
    super();
    this.columns = columns;
    this.rows = rows;
    this.order = order;
  }

  /** Rows for which the predicate is truthy. */
  filter(predicate: T.RowFunction<Row>): Table<Row> {
    return this.take(rowsWhere(this, predicate), this.order);
  }

  /**
   * Adds columns, or replaces those of the same name in place. All functions see the row as it was. A column is a row function,
   * a window function (`op.lag("ts")`), or an aggregate of the table (`op.sum("v")`) or of a frame of it (`rolling`).
   * New columns stand last, or `before` or `after` another; with `drop` they are all there is.
   */
  derive<const F extends T.Columns<Row>, const D extends boolean = false>(columns: F, options: DeriveOptions<Row, D> = {}): Table<T.DerivedWith<Row, F, D>> {
    const names = derivedNames(this.columns, Object.keys(columns), options);
    const derived = this.withColumns(columns, derivedColumn);
    return (names ? derived.select(...names) : derived) as AnyTable;
  }

  /** Puts values in the place of null and NaN: `impute({ fare: op.mean("fare"), city: () => "?" })`, of row functions or as in derive. */
  impute<const F extends T.Imputes<Row>>(columns: F): Table<T.Imputed<Row, F>> {
    return this.withColumns(columns, imputedColumn);
  }

  /** Chooses and orders columns: names, arrays of names, selections such as `not("note")`, or { old: "new" }. */
  select<const S extends readonly T.Selection<Row>[]>(...columns: S): Table<T.Selected<Row, S>> {
    return new Table(renamedColumns(this.columns, chosenNames(columns, this.columns)), this.rows, this.order);
  }

  /** Renames columns in place: { old: "new" }. */
  rename<const M extends Readonly<Record<string, string>>>(names: M & T.Renaming<Row, M>): Table<T.Renamed<Row, M>> {
    const map = new Map([...this.columns.keys()].map((name) => [name, name]));
    for (const [old, name] of Object.entries(names as M)) map.set(old, name);
    return new Table(renamedColumns(this.columns, map), this.rows, this.order);
  }

  /** Moves columns, which may get new names, before the first of others, or after the last: `relocate("id", { before: all() })`. */
  relocate<const C extends T.Selection<Row> | readonly T.Selection<Row>[]>(columns: C, place: Place<Row>): Table<T.Relocated<Row, C>> {
    checkOptions("relocate", place);
    return new Table(renamedColumns(this.columns, relocatedNames(this.columns, columns, place)), this.rows, this.order);
  }

  /**
   * Rows of both tables with equal keys, in left, then right row order. Null and NaN keys match nothing.
   * A key of the same name on both sides appears once; other clashing names get _1 and _2, or what `suffix` says.
   * `on` is a name, [left, right], or [[left, …], [right, …]]; without it, all shared names. Or it is a condition, such as
   * `(a, b) => a.zone === b.zone && a.at < b.until`, of the pairs; then all columns of both sides are there.
   * `values` names the columns of the result: `[["id", "at"], not("id")]` are of this table and of the other.
   */
  join<Other, const On extends T.JoinOn<Row, Other>, const V extends T.JoinValues<Row, Other> = null, const S extends T.Suffix = T.DefaultSuffix>(
    other: Table<Other>, on?: On | null, values?: V, options: JoinOptions<S> = {},
  ): Table<T.JoinedBy<"inner", Row, Other, On, V, S>> {
    return this.#join(other, on, "none", values, options);
  }

  /** As join, and after the matches the unmatched left rows with null for the right columns. */
  join_left<Other, const On extends T.JoinOn<Row, Other>, const V extends T.JoinValues<Row, Other> = null, const S extends T.Suffix = T.DefaultSuffix>(
    other: Table<Other>, on?: On | null, values?: V, options: JoinOptions<S> = {},
  ): Table<T.JoinedBy<"left", Row, Other, On, V, S>> {
    return this.#join(other, on, "left", values, options);
  }

  /** As join, and after the matches the unmatched rows of the other table with null for the columns of this one. Shared keys are the other's. */
  join_right<Other, const On extends T.JoinOn<Row, Other>, const V extends T.JoinValues<Row, Other> = null, const S extends T.Suffix = T.DefaultSuffix>(
    other: Table<Other>, on?: On | null, values?: V, options: JoinOptions<S> = {},
  ): Table<T.JoinedBy<"right", Row, Other, On, V, S>> {
    return this.#join(other, on, "right", values, options);
  }

  /** As join, and after the matches the unmatched rows of this table, then those of the other. Shared keys are of whichever side has the row. */
  join_full<Other, const On extends T.JoinOn<Row, Other>, const V extends T.JoinValues<Row, Other> = null, const S extends T.Suffix = T.DefaultSuffix>(
    other: Table<Other>, on?: On | null, values?: V, options: JoinOptions<S> = {},
  ): Table<T.JoinedBy<"full", Row, Other, On, V, S>> {
    return this.#join(other, on, "both", values, options);
  }

  /**
   * Adds columns of the other table's row with the same key (the last, if there are several), null where there is none. `on` is as
   * in join; without names, all columns that this table lacks. Rows stay as they are; a column of the same name is replaced.
   */
  lookup<Other, const C extends readonly T.Named<Other>[]>(
    other: Table<Other>,
    on?: T.SharedKey<Row, Other> | readonly [T.SharedKey<Row, Other>] | readonly [left: T.KeySide<Row>, right: T.KeySide<Other>],
    ...columns: C
  ): Table<T.LookedUp<Row, Other, C>> {
    const rows = foundRows(this, other, joinKeysOf(this, other, on));
    const names = columns.length > 0 ? namesOf(columns, other.columns) : [...other.columns.keys()].filter((name) => !this.columns.has(name));
    const found = new Map(this.columns);
    for (const name of names) found.set(name, columnNamed(other.columns, name).take(rows));
    return new Table(found, this.rows);
  }

  /**
   * Every row, where it is, with the nearest row of the other table: `trades.join_asof(quotes, { on: "at", by: "ticker" })` finds the
   * last quote that is not after the trade; strategy "forward" the first that is not before it, "nearest" the nearer of both. The
   * other's columns are null where there is none, or none within the tolerance. Columns are named as in join_left.
   */
  join_asof<Other, const On extends T.Nearness<Row, Other>, const By extends T.SharedKey<Row, Other> | readonly [T.SharedKey<Row, Other>] | readonly [T.KeySide<Row>, T.KeySide<Other>] = never>(
    other: Table<Other>,
    options: AsofOptions<On, By>,
  ): Table<T.Joined<Row, Other, T.SharedIn<On> | T.SharedIn<By>, null>> {
    const [on, ...more] = joinKeysOf(this, other, options.on);
    if (on === undefined || more.length > 0) throw new LockstepError({ code: "LS2016", message: "join_asof: `on` is one column, or one of each table" });
    const by = options.by === undefined ? [] : joinKeysOf(this, other, options.by);
    const rows = { left: Int32Array.from({ length: this.rows }, (_, row) => row), right: asofRows(this, other, on, by, options) };
    return new Table(joinColumns(this, other, [on, ...by], rows, "left"), this.rows) as AnyTable;
  }

  /** Every row with every row of the other table; clashing names get _1 and _2. `values` and `suffix` as of join. */
  cross<Other, const V extends T.JoinValues<Row, Other> = null, const S extends T.Suffix = T.DefaultSuffix>(
    other: Table<Other>, values?: V, options: JoinOptions<S> = {},
  ): Table<T.JoinedBy<"inner", Row, Other, never, V, S>> {
    checkJoin(options);
    const rows = crossRows(this, other);
    return new Table(joinColumns(this, other, [], rows, "none", values, options), rows.left.length) as AnyTable;
  }

  /** The rows that have a match in the other table. */
  semijoin<Other>(other: Table<Other>, on?: T.SharedKey<Row, Other> | readonly [T.KeySide<Row>, T.KeySide<Other>] | T.Condition<Row, Other>): Table<Row> {
    return this.take(matchingRows(this, matchingOf(this, other, on), false));
  }

  /** The rows that have no match in the other table. */
  antijoin<Other>(other: Table<Other>, on?: T.SharedKey<Row, Other> | readonly [T.KeySide<Row>, T.KeySide<Other>] | T.Condition<Row, Other>): Table<Row> {
    return this.take(matchingRows(this, matchingOf(this, other, on), true));
  }

  /**
   * A row for each of the columns (names, or `{ name: row function }`): the other columns, the column's name as `key` and its value
   * as `value`, or as `as` names them.
   */
  fold<const C extends T.Key<Row> | readonly T.Key<Row>[], const K extends string = "key", const V extends string = "value">(
    columns: C,
    options: FoldOptions<K, V> = {},
  ): Table<T.Folded<Row, C, K, V>> {
    const folded = keyColumns(this, [columns]);
    const out = foldColumns(this.columns, this.rows, folded, options.as ?? ["key", "value"]);
    return new Table(out, this.rows * folded.size);
  }

  /**
   * A row for each element of an array: `unroll("tags")`, or of one that a function gives, `unroll({ word: (d) => d.text.split(" ") })`; of several, side by side.
   * The other columns stay, but one of that name.
   */
  unroll<const U extends T.Arrays<Row>, const I extends string | boolean = false, const D extends T.Named<Row> | readonly T.Named<Row>[] = never>(
    arrays: U,
    options: UnrollOptions<I, D> = {},
  ): Table<T.Unrolled<Row, U, I, D>> {
    const { columns, rows } = unrolled(this, arrays, options);
    return new Table(columns, rows);
  }

  /**
   * A column for each of the first elements of an array: `spread("pair", { as: ["first", "second"] })`, or of one that a function gives,
   * `spread({ part: (d) => d.text.split("-") }, { limit: 3 })`, named `part_1` and so on. Null where there are not as many.
   */
  spread<const U extends T.Arrays<Row>, const A extends readonly string[] = [], const N extends number = A["length"], const D extends boolean = true>(arrays: U, options: SpreadOptions<A, N, D>): Table<T.SpreadOver<Row, U, A, N, D>> {
    return new Table(spread(this, arrays, options), this.rows, this.order) as AnyTable;
  }

  /** Groups by columns, { name: row function } and { name: bin("x") }; groups stand in order of first appearance. */
  groupby<const K extends readonly T.GroupKey<Row>[]>(...keys: K): GroupedTable<Row, T.Keys<Row, K>> {
    return new GroupedTable<Row, T.Keys<Row, K>>(this, keyColumns(this, keys, keyOfGroups(groupCodes([], this.rows))));
  }

  /** One row of aggregates over the whole table. */
  rollup<const A extends T.Aggregates<Row>>(aggregates: A): Table<T.Simplify<T.TotalResults<A>>> {
    return this.groupby().rollup(aggregates) as never;
  }

  /** One row: for each of the keys listed a column of the aggregates of the rows that have it in `on`. Of each group: `groupby(…).pivot(…)`. */
  pivot<const On extends T.ColumnName<Row> | T.RowFunctions<Row>, const V extends T.ColumnName<Row> | T.Aggregates<Row>, const K extends readonly PivotKey[], const S extends string = "_">(
    on: On,
    values: V,
    options: PivotOptions<K, S>,
  ): Table<T.Simplify<T.Pivoted<Row, V, K, S>>> {
    return this.groupby().pivot(on, values, options) as never;
  }

  /** One row, one column: the number of rows, as `count`, or as `{ as: "n" }` names it. */
  count<const N extends string = "count">(options: CountOptions<N> = {}): Table<{ [K in N]: number }> {
    return this.groupby().count(options) as never;
  }

  /** Sorts: stable; null and NaN come first, with desc() last; strings by UTF-16 code unit. */
  orderby(...keys: T.NonEmpty<OrderKey<Row>>): Table<Row> {
    const { rows, order } = this.sortedBy(keys);
    return this.take(rows, order);
  }

  /** Rows start to end (exclusive); negative numbers count from the end. */
  slice(start = 0, end = Infinity): Table<Row> {
    const [from, to] = sliceOf(start, end, this.rows);
    return this.take(Int32Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i));
  }

  /** So many rows, chosen at random, by weight if there is one, in random order: the same ones for the same seed, on one process as on many ranks. */
  sample(size: number, options: SampleOptions<Row> = {}): Table<Row> {
    return this.take(this.sampledOf(groupCodes([], this.rows), size, options));
  }

  /** All rows in random order: the same one for the same seed, on one process as on many ranks. */
  shuffle(options: ShuffleOptions = {}): Table<Row> {
    checkOptions("shuffle", options);
    checkSeed("shuffle", options.seed);
    return this.take(sampledRows(groupCodes([], this.rows), this.rows, { seed: options.seed ?? 0 }));
  }

  /** The same rows in the same order, on ranks each with as many of them as another: what filters left on some of them may keep these busy while others wait. */
  rebalance(): Table<Row> {
    return new Table(this.columns, this.rows, this.order);
  }

  /** The rows of the tables one after another, with the columns of this one. */
  concat(...others: Table<Row>[]): Table<Row> {
    const tables = [this, ...others];
    const rows = tables.reduce((sum, each) => sum + each.numRows(), 0);
    const columns = new Map<string, Column>();
    for (const name of this.columns.keys()) {
      columns.set(name, concatColumns(name, tables.map((each) => each.columns.get(name) ?? inferColumn(new Array(each.numRows()), name))));
    }
    return new Table(columns, rows);
  }

  /** The first row of each distinct key; without keys, of each distinct row. Rows without columns are all the same. */
  dedupe(...keys: T.Key<Row>[]): Table<Row> {
    const columns = keys.length > 0 ? keyColumns(this, keys) : this.columns;
    return columns.size === 0 ? this.slice(0, 1) : this.take(groupCodes([...columns.values()], this.rows).first);
  }

  /** The distinct rows of the tables, in the order of their first appearance. */
  union(...others: Table<Row>[]): Table<Row> {
    return this.concat(...others).dedupe();
  }

  /** The distinct rows that are in the other tables as well; a row with null in it is in none, as in a join. */
  intersect(other: Table<Row>, ...others: Table<Row>[]): Table<Row> {
    const all = other.concat(...others);
    return this.columns.size > 0 ? this.semijoin(all).dedupe() : this.slice(0, all.numRows() > 0 ? 1 : 0);
  }

  /** The distinct rows that are in none of the other tables. */
  except(other: Table<Row>, ...others: Table<Row>[]): Table<Row> {
    const all = other.concat(...others);
    return this.columns.size > 0 ? this.antijoin(all).dedupe() : this.slice(0, all.numRows() > 0 ? 0 : 1);
  }

  /** The number of rows. */
  numRows(): number {
    return this.rows;
  }

  /** The names of the columns, in order. */
  columnNames(): T.ColumnName<Row>[] {
    return [...this.columns.keys()] as T.ColumnName<Row>[];
  }

  /** The value of a column in a row (the first, by default); undefined if there is no such row. */
  get<C extends T.ColumnName<Row>>(column: C, row = 0): Row[C] {
    const { at } = columnNamed(this.columns, column);
    const inside = Number.isInteger(row) && row >= 0 && row < this.rows;
    return (inside ? at(row) : undefined) as Row[C];
  }

  /** The rows as objects. */
  objects(range: RowRange = {}): Row[] {
    checkOptions("objects", range);
    const [from, to] = rangeOf(range, this.rows);
    const at = this.#rowReader();
    return Array.from({ length: to - from }, (_, i) => at(from + i));
  }

  /** The values of a column. */
  array<C extends T.ColumnName<Row>>(column: C): Row[C][] {
    const { at } = columnNamed(this.columns, column);
    return Array.from({ length: this.rows }, (_, row) => at(row) as Row[C]);
  }

  /**
   * The rows a step at a time, for training: `for await (const batch of rows.batches({ rows: 1000, shuffle: epoch }))`. On ranks each has its
   * part of every step, and all as many steps; `allreduce` puts together what they make of their parts.
   */
  batches(options: BatchOptions): Batches<Row> {
    checkBatches(options);
    const { columns, rows } = options.shuffle === undefined ? this : this.shuffle({ seed: options.shuffle });
    return batchesOf<Row>(columns, rows, options.rows);
  }

  *[Symbol.iterator](): IterableIterator<Row> {
    const at = this.#rowReader();
    for (let row = 0; row < this.rows; row++) yield at(row);
  }

  /** Prints rows to the console: the first 10 by default. */
  print(range: RowRange = {}): void {
    checkOptions("print", range);
    console.log(printTable(this.columns, this.rows, range));
  }

  /** What console.log shows: the first rows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return printTable(this.columns, this.rows, {});
  }

  #rowReader(): (row: number) => Row {
    return recordsOf([...this.columns].map(([name, { at }]) => [name, at] as const)) as (row: number) => Row;
  }

  /** For verbs: the named rows, in their order. `order` is what they are sorted by then. */
  take(rows: Rows, order: readonly SortColumn[] = []): Table<Row> {
    const sorted = order.map(({ column, descending }) => ({ column: column.take(rows), descending }));
    return new Table(new Map([...this.columns].map(([name, column]) => [name, column.take(rows)])), rows.length, sorted);
  }

  /** For verbs: the rows of a sample, of each group as many. */
  sampledOf(groups: KeyCodes, size: number, options: SampleOptions<Row>): Rows {
    checkOptions("sample", options);
    checkSample(size, options);
    const weight = options.weight === undefined ? undefined : keyColumn(this, options.weight, "sample");
    return sampledRows(groups, size, options, weight && Array.from({ length: this.rows }, (_, row) => weight.at(row)));
  }

  /** For verbs: the rows in order, and what orders them. */
  sortedBy(keys: readonly unknown[]): { rows: Rows; order: readonly SortColumn[] } {
    const order = keys.flat().map((key) => {
      const descending = typeof key === "object" && key !== null && "descending" in key;
      return { column: keyColumn(this, descending ? key.descending : key, "orderby"), descending };
    });
    return { rows: sortedRows(order, this.rows), order };
  }

  /** For verbs: columns made by derive or impute, whose windows and aggregates see the rows in these groups. */
  withColumns(columns: object, columnOf: typeof derivedColumn, groups: KeyCodes = groupCodes([], this.rows)): AnyTable {
    const all = new Map(this.columns);
    const windowed = { groups, peers: peersOf(this.order, this.rows) };
    for (const [name, value] of Object.entries(columns)) all.set(name, columnOf(this, name, value, windowed));
    return new Table(all, this.rows, this.order);
  }

  #join(other: AnyTable, on: unknown, outer: Outer, values: T.JoinValues<Row, any> | undefined, options: JoinOptions): AnyTable {
    checkJoin(options);
    const keys = typeof on === "function" ? [] : joinKeysOf(this, other, on);
    const rows = joinRows(this, other, matchingOf(this, other, on, keys), outer);
    return new Table(joinColumns(this, other, keys, rows, outer, values, options), rows.left.length);
  }
}
