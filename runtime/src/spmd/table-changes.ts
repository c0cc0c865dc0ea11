/**
 * Rows that a call takes out of a table of Iceberg: files without such rows stay, the others are written again without them.
 *
 * ```text
 * manifests' bounds ─► files of which the condition may be true ─► how many rows of each file it is true of ─► files that lose rows, read and written again
 *      rank 0                (those of which it surely is: gone, unread)        all ranks                                all ranks
 * ```
 */
import type { ColumnType, Expression } from "@lockstep/native/plan";
import type { DeleteIcebergOptions, OverwriteIcebergOptions } from "../connectors/iceberg/change.ts";
import type { DataFile } from "../connectors/iceberg/manifests.ts";
import type { IcebergTable } from "../connectors/iceberg/table.ts";
import type { Target, TableWrite } from "../connectors/iceberg/table-write.ts";
import { checkOptions } from "../connectors/options.ts";
import { onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import { execute } from "./execute.ts";
import { located } from "./located.ts";
import type { SinkOf, TableNode } from "./plan.ts";
import type { Sited } from "./table.ts";
import { columnOf, FILE, fileColumn, filesMatching, namesIn, negated, rowsAt, scanFiles } from "./table-files.ts";
import { committed } from "./identity.ts";
import { infosOf, onFirst, outputOf, sinkInto } from "./table-outputs.ts";
import { typesOf } from "./types-of.ts";

/** A condition on rows of the table. */
export interface Condition extends Sited {
  /** The columns of the table that it looks at, or, of a delete, that the interface has. */
  columns: ColumnType[];
  predicate: Expression;
  /** It can be judged by bounds: it does not throw, nor run in V8. */
  bounded: boolean;
}

/** Collective. How many rows were deleted. */
export function deleteRows(table: string | URL, options: DeleteIcebergOptions<Record<string, unknown>>, condition: Condition): Promise<number> {
  const call = currentCall();
  const { site } = condition;
  return call.inOrder(async () => {
    onEveryRank(() => checkOptions("deleteIceberg", options, site));
    const [{ tableKey }, { absent }] = await Promise.all([import("../connectors/iceberg/table-write.ts"), import("../connectors/iceberg/change.ts")]);
    const output = outputOf(call, located(site, () => tableKey(table, options)), table, { catalog: options.catalog, store: options.store } as object);
    let write: TableWrite | undefined;
    let now: IcebergTable | undefined;
    const told = await onFirst(call, site, async () => {
      write = await output.write!;
      if (write.isCommitted) return repeated(write);
      now = await write.existing(namesIn(condition.predicate));
      if (now === undefined) throw absent(write.name, "delete rows from");
      return null;
    });
    if (told) return told.deleted;
    const { removed, again, deleted } = await without(call, write, now, condition);
    const [sink] = again ? await execute(call, [again.sink]) : [];
    await onFirst(call, site, async () => {
      await write!.change(removed, again ? [[again.target, infosOf(sink)]] : [], concerned(call, now, condition));
      write!.note({ deleted });
      return null;
    });
    return deleted;
  });
}

/** Collective. How many rows gave way. */
export function overwriteRows(input: TableNode, table: string | URL, options: OverwriteIcebergOptions<Record<string, unknown>>, ordered: boolean, condition: Condition): Promise<number> {
  const call = currentCall();
  const { site, predicate } = condition;
  return call.inOrder(async () => {
    onEveryRank(() => checkOptions("overwriteIceberg", options, site));
    const [{ tableKey }, { outsideOf }] = await Promise.all([import("../connectors/iceberg/table-write.ts"), import("../connectors/iceberg/change.ts")]);
    const key = located(site, () => tableKey(table, options));
    const columns = await typesOf(call, input, site);
    const output = outputOf(call, key, table, options);
    let write: TableWrite | undefined;
    let now: IcebergTable | undefined;
    const begun = await onFirst(call, site, async (): Promise<{ told: { deleted: number } } | { target: Target; isNew: boolean }> => {
      write = await output.write!;
      if (write.isCommitted) return { told: repeated(write) };
      now = await write.existing(namesIn(predicate));
      return { target: await write.prepare(columns, options), isNew: now === undefined };
    });
    if ("told" in begun) return begun.told.deleted;
    const { target, isNew } = begun;
    const { removed, again, deleted } = isNew ? NONE : await without(call, write, now, condition);
    const outside: TableNode = { inputs: [input], build: ([id]) => ({ op: "filter", input: id!, predicate: negated(predicate), site }) };
    const sinks = [sinkInto(target, input, site, ordered), { input: outside, build: (id: number) => ({ op: "count" as const, input: id, site }) }, ...(again ? [again.sink] : [])];
    const [news, { rows } = {}, rest] = await execute(call, sinks);
    await onFirst(call, site, async () => {
      if (rows! > 0) throw outsideOf(write!.name, rows!);
      await write!.change(removed, [...(again ? [[again.target, infosOf(rest)] as const] : []), [target, infosOf(news)]], concerned(call, now, condition));
      write!.note({ deleted });
      return null;
    });
    return deleted;
  });
}

interface Without {
  /** Rank 0: the files that lose rows. */
  readonly removed: DataFile[];
  /** What writes the rows of them that stay. */
  readonly again: { readonly target: Target; readonly sink: SinkOf } | undefined;
  readonly deleted: number;
}

const NONE: Without = { removed: [], again: undefined, deleted: 0 };

/** Collective. `write` and `now` are rank 0's. */
async function without(call: CallContext, write: TableWrite | undefined, now: IcebergTable | undefined, condition: Condition): Promise<Without> {
  const { site, columns, predicate, bounded } = condition;
  let all: DataFile[] = [];
  let some: DataFile[] = [];
  const judged = await onFirst(call, site, async () => {
    some = bounded ? filesMatching(call, now!, now!.files, predicate) : [...now!.files];
    // Which rows of a file others have deleted its manifest does not say.
    const whole = bounded ? some.filter(({ deletes }) => deletes.length === 0) : [];
    const partly = new Set(bounded ? filesMatching(call, now!, whole, negated(predicate)) : []);
    all = whole.filter((file) => !partly.has(file));
    some = some.filter((file) => !all.includes(file));
    return { files: some.length, rows: all.reduce((sum, { rows }) => sum + rows, 0) };
  });
  if (judged.files === 0) return { ...NONE, removed: all, deleted: judged.rows };
  const rows = await scanFiles(call, now, some, site, { columns, ...(bounded && { filter: predicate }) });
  const counted = rows.filter({ site, predicate }).groupby({ site, keys: [{ name: FILE, expression: columnOf(FILE, "number") }] }).rollup({ site, aggregates: [{ name: "rows", function: "count" }] });
  const counts = (await rowsAt(call, counted, [fileColumn, { name: "rows", type: "number", nullable: false }], site)) as unknown as { [FILE]: number; rows: number }[];
  const deleted = counts.reduce((sum, one) => sum + one.rows, judged.rows);
  let losing: DataFile[] = [];
  const target = await onFirst(call, site, async () => {
    const gone = counts.map((one) => ({ file: some[one[FILE]]!, rows: one.rows }));
    all.push(...gone.filter(({ file, rows }) => file.deletes.length === 0 && file.rows === rows).map(({ file }) => file));
    losing = gone.map(({ file }) => file).filter((file) => !all.includes(file));
    return losing.length > 0 ? write!.prepareAgain() : null;
  });
  if (target === null) return { removed: all, again: undefined, deleted };
  const stay = (await scanFiles(call, now, losing, site, { columns: columns.filter(({ name }) => namesIn(predicate).has(name)), all: true })).filter({ site, predicate: negated(predicate) });
  const named = stay.select({ site, columns: target.columns.map(({ name }) => ({ from: name, as: name })) });
  return { removed: [...all, ...losing], again: { target, sink: sinkInto(target, named.node, site) }, deleted };
}

/** Rank 0: whether others' files may hold rows of which the condition is true. */
function concerned(call: CallContext, now: IcebergTable | undefined, { predicate, bounded }: Condition): (files: readonly DataFile[]) => boolean {
  return (files) => files.length > 0 && (!bounded || now === undefined || filesMatching(call, now, files, predicate).length > 0);
}

/** What the attempt that has committed has answered. */
function repeated(write: TableWrite): { deleted: number } {
  committed(write.name);
  return write.answer as { deleted: number };
}
