/**
 * Rows that a call brings into a table of Iceberg by their keys.
 *
 * ```text
 * rows (kept) ─► one of each key? its keys ─► files that can hold one ─► rows ⟕ rows of these files ─► what becomes of each (kept) ─► files with changed rows
 *                       all ranks                  rank 0                                   all ranks                                    rank 0
 * changed rows ─► data files;   rows of files with changed rows ⟕ rows ─► those that stay ─► data files
 * ```
 */
import type { ColumnType, Expression, JoinColumn, JoinKey } from "@lockstep/native/plan";
import { FEW, holding, type KeyValues } from "../connectors/iceberg/key-bounds.ts";
import type { DataFile } from "../connectors/iceberg/manifests.ts";
import type { MergeCounts, MergeIcebergOptions } from "../connectors/iceberg/merge.ts";
import type { IcebergTable } from "../connectors/iceberg/table.ts";
import type { Target, TableWrite } from "../connectors/iceberg/table-write.ts";
import type { WrittenColumn } from "../connectors/iceberg/written-columns.ts";
import { checkOptions } from "../connectors/options.ts";
import { fromIpc } from "../tables/ipc.ts";
import { onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import { execute } from "./execute.ts";
import { located } from "./located.ts";
import type { SinkOf } from "./plan.ts";
import type { Sited, SpmdTable } from "./table.ts";
import { columnOf, FILE, fileColumn, negated, rowsAt, scanFiles } from "./table-files.ts";
import { committed } from "./identity.ts";
import { infosOf, onFirst, outputOf, sinkInto } from "./table-outputs.ts";
import { typesOf } from "./types-of.ts";

/** What the compiler knows of a merge. */
export interface MergeDescriptor extends Sited {
  on: ColumnType[];
  /** The columns of the table that `matched` looks at. */
  sees: ColumnType[];
  drop: string[];
  /** Of the rows' columns, and of those in `sees` under the names that `targetName` gives them. */
  matched: Expression;
  notMatched: Expression;
  delete?: Expression;
}

/** What becomes of a row. */
const ACTION = " action";
/** A column of the table's row, beside those of the rows. */
const targetName = (name: string): string => ` target ${name}`;
const keptName = (name: string): string => ` kept ${name}`;

/** Collective. `source` is kept: it is read several times. */
export function mergeRows(source: SpmdTable, table: string | URL, options: MergeIcebergOptions<Record<string, unknown>>, descriptor: MergeDescriptor): Promise<MergeCounts> {
  const call = currentCall();
  const { site, drop } = descriptor;
  return call.inOrder(async () => {
    onEveryRank(() => checkOptions("mergeIceberg", options, site));
    const [{ tableKey }, { arrowTypeOf }] = await Promise.all([import("../connectors/iceberg/table-write.ts"), import("../connectors/iceberg/types.ts")]);
    const key = located(site, () => tableKey(table, options));
    const columns = (await typesOf(call, source.node, site)).filter(({ name }) => !drop.includes(name));
    const output = outputOf(call, key, table, options);
    let write: TableWrite | undefined;
    let now: IcebergTable | undefined;
    const begun = await onFirst(call, site, async (): Promise<{ told: MergeCounts } | { target: Target; lacking: string[]; isNew: boolean }> => {
      write = await output.write!;
      if (write.isCommitted) {
        committed(write.name);
        return { told: write.answer as MergeCounts };
      }
      now = await write.existing(new Set(descriptor.on.map(({ name }) => name)));
      // What the rows lack stays as it is.
      const lacking = now?.fields.filter(({ name }) => !columns.some((column) => column.name === name)) ?? [];
      const target = await write.prepare([...columns, ...lacking.map((field): WrittenColumn => ({ name: field.name, type: arrowTypeOf(field) }))], options);
      return { target, lacking: lacking.map(({ name }) => name), isNew: now === undefined };
    });
    if ("told" in begun) return begun.told;
    const { target, lacking, isNew } = begun;
    // Whether an integer is there is asked without looking at it: it may be past 2^53.
    const own = descriptor.on.map((key): ColumnType => (columns.some(({ name, type }) => name === key.name && type.id === "int") ? { ...key, type: "bigint" } : key));
    const keys = await keysOf(call, source, own, target.name, site);
    let files: DataFile[] = [];
    await onFirst(call, site, async () => {
      files = now?.files.filter(holding(keys, now.fields)) ?? [];
      return null;
    });
    const rows = isNew ? unmet(source, descriptor) : await met(call, source, now, files, lacking, descriptor);
    const decided = rows.spool({ site });
    const { counts, touched } = await decisions(call, decided, site);
    let changed: DataFile[] = [];
    const again = await onFirst(call, site, async () => {
      changed = touched.map((file) => files[file]!);
      return changed.length > 0 ? write!.prepareAgain() : null;
    });
    const news = decided.filter({ site, predicate: { kind: "or", left: does("insert"), right: does("update"), type: "boolean" } }).select({ site, columns: target.columns.map(({ name }) => ({ from: lacking.includes(name) ? keptName(name) : name, as: name })) });
    const sinks: SinkOf[] = [sinkInto(target, news.node, site)];
    if (again) sinks.push(sinkInto(again, (await staying(call, source, now, changed, again, own[0]!, descriptor)).node, site));
    const [into, rest] = await execute(call, sinks);
    await onFirst(call, site, async () => {
      const added = [...(again ? [[again, infosOf(rest)] as const] : []), [target, infosOf(into)] as const];
      await write!.change(changed, added, (others, fields) => others.some(holding(keys, fields)));
      write!.note(counts);
      return null;
    });
    return counts;
  });
}

/** The keys of the rows, on rank 0. LS2016 where several rows have one. */
async function keysOf(call: CallContext, source: SpmdTable, on: readonly ColumnType[], table: string, site: string): Promise<KeyValues[]> {
  const isKey = on.map(({ name, type }): Expression => {
    const there: Expression = negated({ kind: "call", function: "isNull", args: [columnOf(name, type)], type: "boolean" });
    if (type !== "number") return there;
    return { kind: "and", left: there, right: negated({ kind: "call", function: "Number.isNaN", args: [columnOf(name, type)], type: "boolean" }), type: "boolean" };
  });
  const valid = source.filter({ site, predicate: isKey.reduce((left, right) => ({ kind: "and", left, right, type: "boolean" })) });
  const counted = valid.groupby({ site, keys: on.map(({ name, type }) => ({ name, expression: columnOf(name, type) })) }).rollup({ site, aggregates: [{ name: " rows", function: "count" }] });
  const several: Expression = { kind: "call", function: "gt", args: [columnOf(" rows", "number"), { kind: "literal", type: "number", value: 1 }], type: "boolean" };
  const repeated = await rowsAt(call, counted.filter({ site, predicate: several }).slice(0, 1, { site }), on, site);
  if (repeated.length > 0) {
    const { twice } = await import("../connectors/iceberg/merge.ts");
    onEveryRank(() => {
      throw located(site, () => twice(table, on.map(({ name }) => name), on.map(({ name }) => repeated[0]![name])));
    });
  }
  const collected = (of: SpmdTable): SinkOf => ({ input: of.node, build: (id) => ({ op: "collect", input: id, limit: FEW + 1, everywhere: false, site }) });
  const sinks = on.flatMap(({ name, type }) => {
    const one = valid.select({ site, columns: [{ from: name, as: name }] });
    const distinct = collected(one.dedupe({ site, keys: [columnOf(name, type)] }).slice(0, FEW + 1, { site }));
    const [least, greatest] = (["min", "max"] as const).map((fn) => one.rollup({ site, aggregates: [{ name, function: fn, arg: columnOf(name, type) }] }));
    return type === "boolean" ? [distinct] : [distinct, collected(least!.concat(greatest!, { site }))];
  });
  const outputs = (await execute(call, sinks)).values();
  return on.flatMap(({ name, type }): KeyValues[] => {
    const [distinct, range] = [outputs.next().value, type === "boolean" ? undefined : outputs.next().value].map((sink) => sink?.ipc && fromIpc(sink.ipc));
    if (!distinct) return [];
    const isRange = distinct.rows > FEW;
    return [{ name, values: (isRange ? range! : distinct).columns.get(name)!, isRange }];
  });
}

/** Every row, beside the rows of its key in the table, and what becomes of it. */
async function met(call: CallContext, source: SpmdTable, now: IcebergTable | undefined, files: readonly DataFile[], lacking: readonly string[], descriptor: MergeDescriptor): Promise<SpmdTable> {
  const { site, on, sees } = descriptor;
  const held = await scanFiles(call, now, files, site, lacking.length > 0 ? { columns: unsure([...on, ...sees]), all: true } : { columns: unsure([...on, ...sees]) });
  const columns = [
    ...(await namesOf(call, source, site)).map((name): JoinColumn => ({ side: "left", from: name, as: name })),
    ...sees.map(({ name }): JoinColumn => ({ side: "right", from: name, as: targetName(name) })),
    ...lacking.map((name): JoinColumn => ({ side: "right", from: name, as: keptName(name) })),
    { side: "right" as const, from: FILE, as: FILE },
  ];
  const joined = source.join(held, { site, type: "left", on: keyPairs(descriptor), columns });
  return joined.derive({ site, columns: [{ name: ACTION, expression: action(descriptor, isThere(FILE, "number")) }] });
}

/** As {@link met}, where there is no table. */
function unmet(source: SpmdTable, descriptor: MergeDescriptor): SpmdTable {
  const { site } = descriptor;
  const nothing: Expression = { kind: "literal", type: "number", value: null };
  return source.derive({ site, columns: [
    { name: FILE, expression: nothing },
    { name: ACTION, expression: action(descriptor, { kind: "literal", type: "boolean", value: false }) },
  ] });
}

/** The table's rows in files that lose some (`first` is a key, which rows that are met have), without those that are replaced or taken out. */
async function staying(call: CallContext, source: SpmdTable, now: IcebergTable | undefined, files: readonly DataFile[], again: Target, first: ColumnType, descriptor: MergeDescriptor): Promise<SpmdTable> {
  const { site, on, sees } = descriptor;
  const held = await scanFiles(call, now, files, site, { columns: unsure([...on, ...sees]), all: true });
  const columns = [
    ...again.columns.map(({ name }): JoinColumn => ({ side: "left", from: name, as: keptName(name) })),
    ...sees.map(({ name }): JoinColumn => ({ side: "left", from: name, as: targetName(name) })),
    ...(await namesOf(call, source, site)).map((name): JoinColumn => ({ side: "right", from: name, as: name })),
  ];
  const joined = held.join(source, { site, type: "left", on: keyPairs(descriptor).map(({ left, right }) => ({ left: right, right: left })), columns });
  const stays: Expression = { kind: "if", type: "boolean", test: isThere(first.name, first.type), then: saysSkip(descriptor), else: { kind: "literal", type: "boolean", value: true } };
  return joined.filter({ site, predicate: stays }).select({ site, columns: again.columns.map(({ name }) => ({ from: keptName(name), as: name })) });
}

const saysSkip = (descriptor: MergeDescriptor): Expression => same(action(descriptor, { kind: "literal", type: "boolean", value: true }), "skip");

/** How many rows become what, and the files whose rows change. LS2016 where a function says what there is not. */
async function decisions(call: CallContext, decided: SpmdTable, site: string): Promise<{ counts: MergeCounts; touched: number[] }> {
  const groups = decided.groupby({ site, keys: [{ name: FILE, expression: columnOf(FILE, "number") }, { name: ACTION, expression: columnOf(ACTION, "string") }] }).rollup({ site, aggregates: [{ name: "rows", function: "count" }] });
  const columns: ColumnType[] = [fileColumn, { name: ACTION, type: "string", nullable: true }, { name: "rows", type: "number", nullable: false }];
  const found = (await rowsAt(call, groups, columns, site)) as unknown as { [FILE]: number | null; [ACTION]: unknown; rows: number }[];
  const { actionsOf, unknownAction } = await import("../connectors/iceberg/merge.ts");
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  const touched = new Set<number>();
  for (const { [FILE]: file, [ACTION]: does, rows } of found) {
    const matched = file !== null;
    if (!actionsOf(matched).includes(does as string) && !(does === "delete" && !matched)) onEveryRank(() => located(site, () => {
      throw unknownAction(does, matched);
    }));
    if (does === "insert") counts.inserted += rows;
    if (does === "update") counts.updated += rows;
    if (does === "delete" && matched) counts.deleted += rows;
    if (matched && does !== "skip") touched.add(file);
  }
  return { counts, touched: [...touched].sort((a, b) => a - b) };
}

/** What becomes of a row: what takes rows out says it first. */
function action({ matched, notMatched, delete: deletes }: MergeDescriptor, isMet: Expression): Expression {
  const said: Expression = { kind: "if", type: "string", test: isMet, then: matched, else: notMatched };
  return deletes ? { kind: "if", type: "string", test: deletes, then: { kind: "literal", type: "string", value: "delete" }, else: said } : said;
}

const same = (value: Expression, text: string): Expression => ({ kind: "call", function: "eq", args: [value, { kind: "literal", type: "string", value: text }], type: "boolean" });
const does = (what: string): Expression => same(columnOf(ACTION, "string"), what);
const isThere = (name: string, type: ColumnType["type"]): Expression => negated({ kind: "call", function: "isNull", args: [columnOf(name, type)], type: "boolean" });
const keyPairs = ({ on }: MergeDescriptor): JoinKey[] => on.map(({ name, type }) => ({ left: columnOf(name, type), right: columnOf(name, type) }));
/** Of the table's columns no interface says that there are no nulls. */
const unsure = (columns: readonly ColumnType[]): ColumnType[] => [...new Map(columns.map((column) => [column.name, { ...column, nullable: true }])).values()];
const namesOf = async (call: CallContext, source: SpmdTable, site: string): Promise<string[]> => (await typesOf(call, source.node, site)).map(({ name }) => name);
