/** What a merge is, for both executions, and plain Node's. */
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { Column } from "../../tables/column.ts";
import { byKeys, type JoinKey } from "../../tables/join.ts";
import { groupCodes, joinCodes } from "../../tables/keys.ts";
import { cursor, type Columns } from "../../tables/row.ts";
import { Table } from "../../tables/table.ts";
import { checkOptions } from "../options.ts";
import { again } from "./change.ts";
import { FEW, holding, type KeyValues } from "./key-bounds.ts";
import type { DataFile } from "./manifests.ts";
import type { Field } from "./metadata.ts";
import { rowsOf } from "./read.ts";
import type { IcebergTable } from "./table.ts";
import { arrowTypeOf } from "./types.ts";
import { committing, dataFiles, typesOf, type WriteIcebergOptions } from "./write.ts";

/** Which rows meet, and what becomes of them. */
export interface Merge<Row, Gone extends keyof Row & string = never> {
  /** Columns that rows and table both have. Null and NaN meet nothing. */
  readonly on: readonly (Exclude<keyof Row, Gone> & string)[];
  readonly when?: {
    /** Of a row and the table's row of its key: it takes its place ("update", where nothing is said), leaves it as it is, or takes it out. */
    readonly matched?: MatchedAction | ((source: Readonly<Row>, target: Readonly<Omit<Row, Gone>>) => MatchedAction);
    /** Of a row whose key the table has not: "insert", where nothing is said. */
    readonly notMatched?: UnmatchedAction | ((source: Readonly<Row>) => UnmatchedAction);
    /** Rows that take out the table's rows of their key, before anything else is asked of them; without one they do nothing. */
    readonly delete?: (source: Readonly<Row>) => unknown;
  };
  /** Columns that only the functions see: the table has none of them. */
  readonly drop?: readonly Gone[];
}

export type MatchedAction = "update" | "skip" | "delete";
export type UnmatchedAction = "insert" | "skip";

/** Options of mergeIceberg: as of writeIceberg. */
export type MergeIcebergOptions<Row> = Omit<WriteIcebergOptions<Row>, "mode">;

/** Rows of the table that a merge has changed or taken out, and rows that it has added. */
export interface MergeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

type AnyMerge = Merge<Record<string, unknown>, string>;

/** See Table.mergeIceberg. */
export async function mergeIceberg(columns: Columns, rows: number, table: string | URL, merge: AnyMerge, options: MergeIcebergOptions<never>): Promise<MergeCounts> {
  checkOptions("mergeIceberg", options);
  checkMerge(merge, [...columns.keys()]);
  const { on, drop = [] } = merge;
  return committing(table, options, async (write) => {
    const written = [...columns].filter(([name]) => !drop.includes(name));
    const now = await write.existing(new Set(on));
    // What the rows lack stays as it is.
    const lacking = now?.fields.filter(({ name }) => !written.some(([known]) => known === name)) ?? [];
    const target = await write.prepare([...typesOf(new Map(written)), ...lacking.map((field) => ({ name: field.name, type: arrowTypeOf(field) }))], options);
    checkUnique({ columns, rows }, on, write.name);
    const canHold = now ? holding(keysOf(columns, on), now.fields) : () => false;
    const files = now?.files.filter(canHold) ?? [];
    const held = await rowsIn(now, files, columns);
    const { changed, replaced, counts } = decided({ columns, rows }, held.table, merge);
    const touched = new Set([...replaced].map((row) => held.fileOf[row]!));
    const kept = Int32Array.from({ length: held.table.rows }, (_, row) => row).filter((row) => touched.has(held.fileOf[row]!) && !replaced.has(row));
    const news = new Map([
      ...written.map(([name, column]) => [name, column.take(changed.source)] as const),
      ...lacking.map(({ name }) => [name, held.table.columns.get(name)!.take(changed.held)] as const),
    ]);
    const added = [...(kept.length > 0 ? [await again(write, held.table.take(kept))] : []), [target, await dataFiles(target, news, changed.source.length)] as const];
    await write.change(files.filter((_, file) => touched.has(file)), added, concerned(columns, on));
    return counts;
  });
}

/** Others' files that may hold one of the keys. */
function concerned(columns: Columns, on: readonly string[]): (files: readonly DataFile[], fields: readonly Field[]) => boolean {
  const keys = keysOf(columns, on);
  return (files, fields) => files.some(holding(keys, fields));
}

function keysOf(columns: Columns, on: readonly string[]): KeyValues[] {
  return on.map((name) => {
    const column = columns.get(name)!;
    const values = column.take(groupCodes([column], column.length).first);
    return { name, values: column.length === 0 ? column : values, isRange: false };
  });
}

/** The rows of files, and which file each is of. */
async function rowsIn(now: IcebergTable | undefined, files: readonly DataFile[], like: Columns): Promise<{ table: Table<any>; fileOf: number[] }> {
  const views = Object.fromEntries([...like].flatMap(([name, { view }]) => (view === "bigint" ? [[name, view] as const] : [])));
  const parts: Table<any>[] = [];
  for (const file of files) parts.push(await rowsOf({ ...now!, files: [file] }, views));
  const empty = new Table<any>(new Map([...like].map(([name, column]) => [name, column.take(new Int32Array())])), 0);
  const [first = now ? await rowsOf({ ...now, files: [] }, views) : empty, ...others] = parts;
  return { table: first.concat(...others), fileOf: parts.flatMap((part, file) => new Array<number>(part.rows).fill(file)) };
}

/** Which rows come into the table, beside which of its rows (-1: none), and which of its rows they take the place of, or take out. */
function decided(source: { columns: Columns; rows: number }, held: Table<any>, { on, when = {} }: AnyMerge): { changed: { source: Int32Array; held: Int32Array }; replaced: Set<number>; counts: MergeCounts } {
  const keys = on.map((name): JoinKey => ({ left: source.columns.get(name)!, right: held.columns.get(name)!, shared: name }));
  const matching = byKeys(source, held, keys);
  const [s, t] = [cursor(source.columns), cursor(held.columns)];
  const changed: { source: number[]; held: number[] } = { source: [], held: [] };
  const replaced = new Set<number>();
  const counts = { inserted: 0, updated: 0, deleted: 0 };
  for (let row = 0; row < source.rows; row++) {
    s.move(row);
    const deletes = Boolean(when.delete?.(s.row as never));
    const found = matching.of(row);
    if (found.length === 0 && !deletes && action(when.notMatched ?? "insert", false, s.row) === "insert") {
      counts.inserted++;
      changed.source.push(row), changed.held.push(-1);
    }
    for (const at of found) {
      t.move(at);
      const does = deletes ? "delete" : action(when.matched ?? "update", true, s.row, t.row);
      if (does === "skip") continue;
      replaced.add(at);
      if (does === "delete") counts.deleted++;
      else {
        counts.updated++;
        changed.source.push(row), changed.held.push(at);
      }
    }
  }
  return { changed: { source: Int32Array.from(changed.source), held: Int32Array.from(changed.held) }, replaced, counts };
}

/** What may become of a row that meets one of the table, or none. */
export const actionsOf = (matched: boolean): readonly string[] => (matched ? ["update", "skip", "delete"] : ["insert", "skip"]);

function action(of: unknown, matched: boolean, ...rows: object[]): string {
  const found: unknown = typeof of === "function" ? (of as (...rows: object[]) => unknown)(...rows) : of;
  if (actionsOf(matched).includes(found as string)) return found as string;
  throw unknownAction(found, matched);
}

export function unknownAction(found: unknown, matched: boolean): LockstepError {
  const known = actionsOf(matched).map((one) => `"${one}"`).join(" or ");
  return new LockstepError({ code: "LS2016", message: `mergeIceberg: ${matched ? "matched" : "notMatched"} says ${typeof found === "string" ? JSON.stringify(found) : String(found)}, not ${known}` });
}

/** LS2016: what the compiler sees where the merge is written out. */
function checkMerge({ on, drop = [] }: AnyMerge, names: readonly string[]): void {
  if (!Array.isArray(on) || on.length === 0) throw new LockstepError({ code: "LS2016", message: "mergeIceberg takes the columns that say which rows meet", fix: 'Write { on: ["id"] }.' });
  for (const name of [...on, ...drop] as string[]) {
    if (!names.includes(name)) throw new LockstepError({ code: "LS2016", message: `mergeIceberg: the rows have no column "${name}"${didYouMean(name, names)}` });
    if (on.includes(name) && drop.includes(name)) throw new LockstepError({ code: "LS2016", message: `mergeIceberg: "${name}" is in on and in drop` });
  }
}

function checkUnique({ columns, rows }: { columns: Columns; rows: number }, on: readonly string[], table: string): void {
  const keys = on.map((name) => columns.get(name)!);
  const [codes] = joinCodes(keys, keys.map((key) => new Column(key.type, 0, [], { view: key.view })), rows, 0);
  const first = new Map<number, number>();
  codes.forEach((code, row) => {
    if (code < 0) return;
    if (first.has(code)) throw twice(table, on, keys.map((key) => key.at(row)));
    first.set(code, row);
  });
}

export const twice = (table: string, on: readonly string[], key: readonly unknown[]): LockstepError =>
  new LockstepError({
    code: "LS2016",
    message: `mergeIceberg: several rows have the key ${on.map((name, index) => `${name} ${shown(key[index])}`).join(", ")}: which of them ${table} is to have is not known`,
    fix: "Keep one row of each key: orderby() and dedupe(), or groupby() and rollup().",
  });

const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : value instanceof Date ? value.toISOString() : String(value));
