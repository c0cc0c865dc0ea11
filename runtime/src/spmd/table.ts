import type {
  AggregateFunction, AsofJoin, ColumnType, Expression, JoinColumn, JoinCondition, JoinKey, JoinType, JsType, NamedAggregate, NamedExpression, Node, SelectColumn, SortKey, WindowColumn,
} from "@lockstep/native/plan";
import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import type { WriteArrowOptions } from "../connectors/arrow/write.ts";
import type { WriteCsvOptions } from "../connectors/csv/write.ts";
import type { OverwriteIcebergOptions } from "../connectors/iceberg/change.ts";
import type { MergeCounts, MergeIcebergOptions } from "../connectors/iceberg/merge.ts";
import type { WriteIcebergOptions } from "../connectors/iceberg/write.ts";
import type { WriteJsonLinesOptions } from "../connectors/json/write.ts";
import type { WriteParquetOptions } from "../connectors/parquet/write.ts";
import type { WritePostgresOptions } from "../connectors/postgres/write.ts";
import type { WriteSnowflakeOptions } from "../connectors/snowflake/write.ts";
import { textCompression } from "../connectors/text/write-rows.ts";
import type { WriteFilesOptions } from "../connectors/write-options.ts";
import { type BatchOptions, checkSeed, type ShuffleOptions } from "../tables/batch-options.ts";
import type { Batches } from "../tables/batches.ts";
import { checkSample, type SampleOptions } from "../tables/sample.ts";
import { rangeOf, type RowRange } from "../tables/slice.ts";
import { onEveryRank } from "./checked.ts";
import { collect, count, look, write } from "./execute.ts";
import { type GroupDescriptor, GroupedTable } from "./grouped.ts";
import { literalTable } from "./literal-table.ts";
import type { Condition } from "./table-changes.ts";
import type { MergeDescriptor } from "./table-merge.ts";
import { writeTable } from "./table-outputs.ts";
import { newSpool } from "./spools.ts";
import type { TableNode } from "./plan.ts";
import { sampled, shuffled } from "./sample.ts";

/** Every descriptor says where its verb stands in the source. */
export interface Sited {
  site: string;
}

export type { AggregateFunction, NamedAggregate };

interface FoldDescriptor {
  /** Of the folded columns: what the column of names holds. */
  names: string[];
  /** The columns that stay. */
  keep: string[];
  key?: string;
  value?: string;
  type?: JsType;
  columns?: NamedExpression[];
}

export interface SampleDescriptor {
  columns: string[];
  /** What rows weigh. */
  weight?: Expression;
}

export interface ImputeDescriptor {
  windows: WindowColumn[];
  columns: NamedExpression[];
  kept: string[];
}

export interface PivotDescriptor {
  on: Expression;
  aggregates: { key: Extract<Expression, { kind: "literal" }>; aggregate: NamedAggregate }[];
}

/**
 * A table inside an annotated function: the same on every rank, a node of a plan that nobody has run yet.
 *
 * Verbs are synchronous, cheap and return new tables; observers and writers cut a plan and run it on all ranks.
 * The compiler resolved every column, so descriptors need no schema.
 */
export class SpmdTable {
  readonly node: TableNode;
  #spooled: SpmdTable | undefined;

  constructor(node: TableNode) {
    this.node = node;
  }

  filter({ site, predicate }: Sited & { predicate: Expression }): SpmdTable {
    return this.#then((input) => ({ op: "filter", input, predicate, site }));
  }

  /** `select`: of what is there then, these columns. */
  derive({ site, columns, select }: Sited & { columns: NamedExpression[]; select?: SelectColumn[] }): SpmdTable {
    const derived = this.#then((input) => ({ op: "derive", input, columns, site }));
    return select ? derived.select({ site, columns: select }) : derived;
  }

  /** A derive with windows: over the whole table, or over groups. */
  window({ site, columns, select }: Sited & { columns: WindowColumn[]; select?: SelectColumn[] }, keys: NamedExpression[] = []): SpmdTable {
    const derived = this.#then((input) => ({ op: "window", input, keys, columns, site }));
    return select ? derived.select({ site, columns: select }) : derived;
  }

  /** A derive of columns that read the windows' columns as well; of what is there then, `kept`. */
  impute({ site, windows, columns, kept }: Sited & ImputeDescriptor, keys: NamedExpression[] = []): SpmdTable {
    if (windows.length === 0) return this.derive({ site, columns });
    return this.window({ site, columns: windows }, keys).derive({ site, columns }).select({ site, columns: kept.map((name) => ({ from: name, as: name })) });
  }

  select({ site, columns }: Sited & { columns: SelectColumn[] }): SpmdTable {
    return this.#then((input) => ({ op: "select", input, columns, site }));
  }

  join(other: SpmdTable, descriptor: Sited & { type: JoinType; on: JoinKey[]; condition?: JoinCondition; columns: JoinColumn[] }): SpmdTable {
    return new SpmdTable({
      inputs: [this.node, other.node],
      build: ([left, right]) => ({ op: "join", left: left!, right: right!, ...descriptor }),
    });
  }

  joinAsof(other: SpmdTable, descriptor: Sited & Pick<AsofJoin, "on" | "by" | "strategy" | "tolerance" | "columns">): SpmdTable {
    return new SpmdTable({
      inputs: [this.node, other.node],
      build: ([left, right]) => ({ op: "asofJoin", left: left!, right: right!, ...descriptor }),
    });
  }

  /** Of several right rows of one key the last is found. */
  lookup(other: SpmdTable, { site, on, columns }: Sited & { on: JoinKey[]; columns: JoinColumn[] }): SpmdTable {
    const last = other.dedupe({ site, keys: on.map((key) => key.right), last: true });
    return this.join(last, { site, type: "lookup", on, columns });
  }

  /** Every row with every name, then the value that the name stands for. Without `value` nobody reads the values. */
  fold({ site, names, keep, key = " key", value, type = "number", columns = [] }: Sited & FoldDescriptor): SpmdTable {
    const hidden = columns.map(({ expression }, n) => ({ name: ` value ${n}`, expression }));
    const keys = new SpmdTable(literalTable({ [key]: names }, [{ name: key, type: "string", nullable: false }], site));
    const left = [...keep, ...hidden.map(({ name }) => name)].map((name): JoinColumn => ({ side: "left", from: name, as: name }));
    const all = this.derive({ site, columns: hidden }).join(keys, { site, type: "inner", on: [], columns: [...left, { side: "right", from: key, as: key }] });
    if (value === undefined) return all;
    const found = columns.reduceRight<Expression>(
      (otherwise, { name }, n) => ({
        kind: "if", type, else: otherwise, then: { kind: "column", name: hidden[n]!.name, type },
        test: { kind: "call", function: "eq", type: "boolean", args: [{ kind: "column", name: key, type: "string" }, { kind: "literal", type: "string", value: name }] },
      }),
      { kind: "literal", type, value: null },
    );
    return all.derive({ site, columns: [{ name: value, expression: found }] }).select({ site, columns: [...keep, key, value].map((name) => ({ from: name, as: name })) });
  }

  /** A row for each element of lists; of what is there then, `columns`. */
  unroll({ site, lists, columns, index, limit }: Sited & Pick<Extract<Node, { op: "unroll" }>, "lists" | "index" | "limit"> & { columns: string[] }): SpmdTable {
    const rows = this.#then((input) => ({ op: "unroll", input, lists, ...(index !== undefined && { index }), ...(limit !== undefined && { limit }), site }));
    return rows.select({ site, columns: columns.map((column) => ({ from: column, as: column })) });
  }

  /** The lists, then their elements; of what is there then, `columns`. */
  spread({ site, lists, elements, columns }: Sited & { lists: NamedExpression[]; elements: NamedExpression[]; columns: string[] }): SpmdTable {
    const held = lists.length > 0 ? this.derive({ site, columns: lists }).derive({ site, columns: elements }) : this;
    return held.select({ site, columns: columns.map((column) => ({ from: column, as: column })) });
  }

  groupby(descriptor: GroupDescriptor): GroupedTable {
    return GroupedTable.of(this, descriptor, []);
  }

  /** Without groups: one row, whatever the input. */
  rollup(descriptor: Sited & { aggregates: NamedAggregate[] }): SpmdTable {
    return new GroupedTable(this, []).rollup(descriptor);
  }

  /** One row, as `rollup`. */
  pivot(descriptor: Sited & PivotDescriptor): SpmdTable {
    return new GroupedTable(this, []).pivot(descriptor);
  }

  orderby({ site, keys }: Sited & { keys: SortKey[] }): SpmdTable {
    return this.#then((input) => ({ op: "sort", input, keys, site }));
  }

  /** Rows start..end in table order, negative from the end, as `Array.slice`. */
  slice(start: number | undefined, end: number | undefined, { site }: Sited, keys: NamedExpression[] = []): SpmdTable {
    const from = integer(start ?? 0);
    const to = end === undefined ? undefined : integer(end);
    return this.#then((input) => ({ op: "slice", input, start: from, ...(to === undefined ? {} : { end: to }), keys, site }) as Node);
  }

  /** Rows at random, with these columns. */
  sample(size: number, options: SampleOptions | undefined, { site, columns, weight }: Sited & SampleDescriptor, keys: NamedExpression[] = []): SpmdTable {
    onEveryRank(() => {
      checkOptions("sample", options, site);
      checkSample(size, options ?? {});
      if (options?.weight !== undefined && !weight) throw new LockstepError({ code: "LS2016", message: "sample: the weight stands in options that are computed", fix: 'Write it where sample is called: sample(n, { ...options, weight: "x" }).', site });
    });
    return sampled(this, keys, size, options ?? {}, site, { columns, weight });
  }

  /** All rows, with these columns, in random order. */
  shuffle(options: ShuffleOptions | undefined, { site, columns }: Sited & { columns: string[] }): SpmdTable {
    onEveryRank(() => {
      checkOptions("shuffle", options, site);
      checkSeed("shuffle", options?.seed, site);
    });
    return shuffled(this, options?.seed ?? 0, site, columns);
  }

  /** The same rows, each rank as many of them as another; with `step`, of so many rows after so many. */
  rebalance({ site, step }: Sited & { step?: number }): SpmdTable {
    return this.#then((input) => ({ op: "rebalance", input, ...(step !== undefined && { step }), site }));
  }

  /** The descriptor is the last argument. */
  concat(...rest: [...SpmdTable[], Sited]): SpmdTable {
    const { site } = rest.at(-1) as Sited;
    const others = rest.slice(0, -1) as SpmdTable[];
    return new SpmdTable({ inputs: [this, ...others].map((table) => table.node), build: (inputs) => ({ op: "concat", inputs, site }) });
  }

  dedupe({ site, keys, last }: Sited & { keys: Expression[]; last?: true }): SpmdTable {
    // All rows of no columns are the same.
    if (keys.length === 0) return this.slice(0, 1, { site });
    return this.#then((input) => ({ op: "dedupe", input, keys, ...(last && { last }), site }));
  }

  /** `keys`: all columns of this table. The descriptor is the last argument, as in `concat`. */
  union(...rest: [...SpmdTable[], Sited & { keys: Expression[] }]): SpmdTable {
    return this.concat(...rest).dedupe(rest.at(-1) as Sited & { keys: Expression[] });
  }

  intersect(...rest: [...SpmdTable[], Sited & { keys: Expression[] }]): SpmdTable {
    return this.#matched("semi", rest);
  }

  except(...rest: [...SpmdTable[], Sited & { keys: Expression[] }]): SpmdTable {
    return this.#matched("anti", rest);
  }

  #matched(type: JoinType, [first, ...rest]: [...SpmdTable[], Sited & { keys: Expression[] }]): SpmdTable {
    const descriptor = rest.at(-1) as Sited & { keys: Expression[] };
    const { site, keys } = descriptor;
    const other = rest.length > 1 ? (first as SpmdTable).concat(...(rest as [...SpmdTable[], Sited])) : (first as SpmdTable);
    if (keys.length === 0) return this.slice(0, 1, { site }).join(other.slice(0, 1, { site }), { site, type, on: [{ left: ONE, right: ONE }], columns: [] });
    return this.join(other, { site, type, on: keys.map((key) => ({ left: key, right: key })), columns: [] }).dedupe(descriptor);
  }

  /** A table several executions read: the first computes it, the others find it. Asked again, the same spool. */
  spool({ site }: Sited & { spool?: number }): SpmdTable {
    if (!this.#spooled) {
      this.#spooled = new SpmdTable(newSpool(this.node, site).node);
      this.#spooled.#spooled = this.#spooled;
    }
    return this.#spooled;
  }

  async numRows({ site }: Sited): Promise<number> {
    return count(this.node, site);
  }

  /** The rows as records, in table order, on every rank. */
  async objects(range: RowRange | undefined, { site, columns }: Sited & { columns: ColumnType[] }): Promise<Record<string, unknown>[]> {
    onEveryRank(() => checkOptions("objects", range, site));
    const [from, to] = rangeOf(range ?? {}, Number.MAX_SAFE_INTEGER);
    const isWhole = from === 0 && to === Number.MAX_SAFE_INTEGER;
    const part = isWhole ? this : this.slice(from, to, { site });
    // Without columns nothing but their number is left of the rows.
    if (columns.length === 0) return Array.from({ length: await count(part.node, site) }, () => ({}));
    const ipc = await collect(part.select({ site, columns: same(columns) }).node, site);
    return (await decoder()).decodeRows(ipc, columns, site);
  }

  /** One value; undefined where the table has no such row. */
  async get(column: string, row = 0, { site, type }: Sited & { type: JsType }): Promise<unknown> {
    if (!Number.isInteger(row) || row < 0) return undefined;
    const shape = { name: column, type, nullable: true };
    const cell = this.slice(row, row + 1, { site }).select({ site, columns: same([shape]) });
    const ipc = await collect(cell.node, site);
    return (await decoder()).decodeColumn(ipc, shape, site)[0];
  }

  /** Prints rows once, the first 10 by default, and how many there are. */
  async print(range: RowRange | undefined, { site, columns }: Sited & { columns: ColumnType[] }): Promise<void> {
    onEveryRank(() => checkOptions("print", range, site));
    const [from, to] = rangeOf({ limit: range?.limit ?? 10, offset: range?.offset ?? 0 }, Number.MAX_SAFE_INTEGER);
    const { rows, ipc } = await look(this.node, this.slice(from, to, { site }).select({ site, columns: same(columns) }).node, site);
    if (ipc) console.log((await decoder()).decodeText(ipc, columns, rows));
  }

  /** Steps of as many rows, of which each rank has its part. */
  async batches(options: BatchOptions, { site, columns }: Sited & { columns: ColumnType[] }): Promise<Batches<Record<string, unknown>>> {
    return (await import("./batches.ts")).batchesOf(this, options, columns, site);
  }

  async writeParquet(path: string | URL, options: WriteParquetOptions<Record<string, unknown>> | undefined, { site, ordered }: Sited & { ordered: boolean }): Promise<void> {
    await write(this.node, path, "writeParquet", options, site, (input, place, contents) => ({
      op: "writeParquet", input, ...place, site,
      ordered: isOrdered(ordered, options),
      compression: options?.compression ?? "snappy",
      rowGroupRows: options?.rowGroupRows ?? 1_048_576,
      ...contents,
    }));
  }

  async writeArrow(path: string | URL, options: WriteArrowOptions<Record<string, unknown>> | undefined, { site, ordered }: Sited & { ordered: boolean }): Promise<void> {
    await write(this.node, path, "writeArrow", options, site, (input, place, { sort, types }) => ({
      op: "writeArrow", input, ...place, site,
      ordered: isOrdered(ordered, options),
      compression: options?.compression ?? "none",
      types, sort,
    }));
  }

  async writeCsv(path: string | URL, options: WriteCsvOptions<Record<string, unknown>> | undefined, { site, ordered }: Sited & { ordered: boolean }): Promise<void> {
    const compression = onEveryRank(() => textCompression("writeCsv", path, options ?? {}, site));
    await write(this.node, path, "writeCsv", options, site, (input, place) => ({
      op: "writeCsv", input, ...place, site, compression,
      ordered: isOrdered(ordered, options),
      delimiter: options?.delimiter ?? ",",
      header: options?.header ?? true,
    }));
  }

  async writeJsonLines(path: string | URL, options: WriteJsonLinesOptions<Record<string, unknown>> | undefined, { site, ordered }: Sited & { ordered: boolean }): Promise<void> {
    const compression = onEveryRank(() => textCompression("writeJsonLines", path, options ?? {}, site));
    await write(this.node, path, "writeJsonLines", options, site, (input, place) => ({
      op: "writeJsonLines", input, ...place, site, compression,
      ordered: isOrdered(ordered, options),
    }));
  }

  async writePostgres(table: string, options: WritePostgresOptions<Record<string, unknown>> | undefined, { site }: Sited): Promise<void> {
    return (await import("./postgres.ts")).writePostgres(this.node, table, options, site);
  }

  async writeSnowflake(table: string, options: WriteSnowflakeOptions<Record<string, unknown>> | undefined, { site }: Sited): Promise<void> {
    return (await import("./snowflake-write.ts")).writeSnowflake(this.node, table, options, site);
  }

  async writeIceberg(table: string | URL, options: WriteIcebergOptions<Record<string, unknown>> | undefined, { site, ordered }: Sited & { ordered: boolean }): Promise<void> {
    await writeTable(this.node, table, options ?? {}, site, ordered);
  }

  /** The number of rows that gave way. */
  async overwriteIceberg(table: string | URL, options: OverwriteIcebergOptions<Record<string, unknown>> | undefined, { ordered, ...condition }: Condition & { ordered: boolean }): Promise<number> {
    return (await import("./table-changes.ts")).overwriteRows(this.node, table, options ?? {}, ordered, condition);
  }

  /** How many rows were inserted, updated and deleted. */
  async mergeIceberg(table: string | URL, options: MergeIcebergOptions<Record<string, unknown>> | undefined, descriptor: MergeDescriptor): Promise<MergeCounts> {
    return (await import("./table-merge.ts")).mergeRows(this.spool(descriptor), table, options ?? {}, descriptor);
  }

  #then(build: (input: number) => Node): SpmdTable {
    return new SpmdTable({ inputs: [this.node], build: ([input]) => build(input!) });
  }
}

/** One file has the table's order. */
const isOrdered = (ordered: boolean, options: WriteFilesOptions<never> | undefined): boolean => ordered || options?.order === "program" || options?.single === true;

export const ONE: Expression = { kind: "literal", type: "number", value: 1 };

/** Arrow is loaded by the first observation: many jobs have none. */
const decoder = () => import("./decode.ts");

function same(columns: readonly ColumnType[]): SelectColumn[] {
  return columns.map(({ name }) => ({ from: name, as: name }));
}

function integer(value: number): number {
  // As Array.prototype.slice converts its arguments, whatever they are.
  return Math.trunc(Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)) || 0;
}
