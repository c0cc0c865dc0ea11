import type { ColumnType, Expression } from "@lockstep/native/plan";
import type { ReadAdbcOptions } from "../connectors/adbc/read.ts";
import type { ReadArrowOptions } from "../connectors/arrow/read.ts";
import type { ReadCsvOptions } from "../connectors/csv/read.ts";
import type { ReadFlightSqlOptions } from "../connectors/flight/read.ts";
import type { ReadIcebergOptions } from "../connectors/iceberg/read.ts";
import type { IcebergTable, openTable as OpenTableOf, TableOptions } from "../connectors/iceberg/table.ts";
import type { ReadJsonLinesOptions } from "../connectors/json/read.ts";
import type { ReadParquetOptions } from "../connectors/parquet/read.ts";
import type { Source } from "../connectors/source/define.ts";
import type { ReadSourceOptions } from "../connectors/source/read.ts";
import type { ReadPostgresOptions } from "../connectors/postgres/read.ts";
import type { ReadSnowflakeOptions } from "../connectors/snowflake/read.ts";
import { checkOptions } from "../connectors/options.ts";
import { refuseDangling, refuseOwn, type InputPath } from "../connectors/paths.ts";
import { isRemote } from "../connectors/store/location.ts";
import { badColumns, checkBadRows, tellBadRows, type BadRow, type BadRowOptions } from "../connectors/text/bad-rows.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import { didYouMean, LockstepError } from "../errors/index.ts";
import { reached } from "../observe/debug.ts";
import { observeBadRows, observeInput } from "../observe/observe.ts";
import { checkEven } from "../tables/even.ts";
import { markAgreed, onEveryRank } from "./checked.ts";
import { currentCall, type CallContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import { engineText } from "./engine-text.ts";
import { literalTable } from "./literal-table.ts";
import { located } from "./located.ts";
import { description } from "./outcome.ts";
import { absolute } from "./outputs.ts";
import { SpmdTable, type Sited } from "./table.ts";

type OpenTable = typeof OpenTableOf;

/** What the compiler knows of a reader. */
export interface ReaderDescriptor extends Sited {
  /** The columns read, in order. */
  columns: ColumnType[];
  /** The whole interface: checked against the files' schema. */
  declared: ColumnType[];
  /** What sees whole rows: the files' columns must then be those declared, in their order, as under plain Node all are there. */
  seen?: string;
  /** Names that no other column of the files may have: a join or a rename would meet it. */
  clashing?: string[];
  /** A pushed conjunction; rows and row groups that cannot match are not read. */
  filter?: Expression;
  /** So many of the first rows are wanted, at most. */
  limit?: number;
}

interface Opened {
  dataset: number;
  /** Lines that are left out: all of them, or the first. */
  bad?: { count: number; rows: readonly BadRow[] };
  schema: readonly { name: string }[];
  bytes: number;
  rows?: number | null;
  /** The first rank alone reads it. */
  whole?: boolean;
}

/** Opens Parquet files: a file, a folder, a glob or a list. */
export function readParquet(path: InputPath, options: ReadParquetOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  return open(path, descriptor, "readParquet", options, (types, store) => ({ types, store }));
}

/** Opens files and streams of Arrow IPC. */
export function readArrow(path: InputPath, options: ReadArrowOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  return open(path, descriptor, "readArrow", options, (types, store) => ({ types, store }));
}

/** Opens CSV files. */
export function readCsv(path: InputPath, options: ReadCsvOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  return open(path, descriptor, "readCsv", options, (types, store) => ({ types, store, delimiter: options?.delimiter ?? ",", header: options?.header ?? true, ...(options?.nulls && { nulls: options.nulls }), ...tolerance(options) }));
}

/** Opens JSON Lines. */
export function readJsonLines(path: InputPath, options: ReadJsonLinesOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  // In the order in which columns that no line has are there, and without those that nothing is said of.
  const typed = (types: Types): [string, string | undefined][] => Object.entries(types).filter(([, type]) => type !== undefined);
  return open(path, descriptor, "readJsonLines", options, (types, store) => ({ types: typed(types), store, whole: seesBesides(descriptor), ...tolerance(options) }));
}

/** Opens a table, a view or a query of PostgreSQL. */
export function readPostgres(table: string, options: ReadPostgresOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  const call = currentCall();
  const { declared, site } = descriptor;
  return call.inOrder(async () => {
    checkReader("readPostgres", options, descriptor);
    if (typeof table !== "string" || table.trim() === "") throw new LockstepError({ code: "LS2015", message: `readPostgres takes the name of a table, or a query, not ${table === "" ? "an empty text" : typeof table}`, site });
    const { url, types = {}, partitionBy, connections } = options ?? {};
    if (call.databases.size > 0) {
      const [{ refuseWritten }, { findTarget }] = await Promise.all([import("./database-outputs.ts"), import("../connectors/postgres/target.ts")]);
      onEveryRank(() => located(site, () => refuseWritten(call, table, findTarget(url).name)));
    }
    const request = engineText({ table, url, declared, types, partitionBy, connections, site });
    return (await opened(call, table, descriptor, false, (engine) => engine.openPostgres(request))).table;
  });
}

/** Opens a table or a query of a server of Flight SQL, which is asked for the columns that are read, the rows that the filter leaves, and no more than are wanted. */
export function readFlightSql(table: string, options: ReadFlightSqlOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  const call = currentCall();
  const { columns, declared, filter, limit, site } = descriptor;
  return call.inOrder(async () => {
    checkReader("readFlightSql", options, descriptor);
    if (typeof table !== "string" || table.trim() === "") throw new LockstepError({ code: "LS2015", message: `readFlightSql takes the name of a table, or a query, not ${table === "" ? "an empty text" : typeof table}`, site });
    const { url, types = {}, connections } = options ?? {};
    const request = engineText({ table, url, columns: columns.map(({ name }) => name), declared, types, ...(filter && { filter }), ...(limit !== undefined && { limit }), connections, site });
    return (await opened(call, table, descriptor, false, (engine) => engine.openFlightSql(request))).table;
  });
}

/** Opens a table or a query of Snowflake, of which rank 0 asks once. */
export function readSnowflake(table: string, options: ReadSnowflakeOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  const call = currentCall();
  const { site } = descriptor;
  return call.inOrder(async () => {
    checkReader("readSnowflake", options, descriptor);
    const { engine, rank } = call.world;
    if (call.databases.size > 0) await (await import("./snowflake-write.ts")).refuseRead(call, table, options ?? {}, site);
    const request = rank === 0 ? await (await import("./snowflake.ts")).snowflakeRequest(engine, table, options ?? {}, descriptor) : engineText({ site });
    return (await opened(call, table, descriptor, false, (engine) => engine.openSnowflake(request))).table;
  });
}

/** Opens a table or a query by a driver of ADBC, which rank 0 asks once. Rows that come to it alone are dealt, where more than a few are wanted. */
export function readAdbc(table: string, options: ReadAdbcOptions<Record<string, unknown>>, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  const call = currentCall();
  const { declared, limit, site } = descriptor;
  return call.inOrder(async () => {
    checkReader("readAdbc", options, descriptor);
    const { askedOf } = await import("../connectors/adbc/place.ts");
    // Each rank has the login of its own environment.
    const asked = located(site, () => askedOf(table, options));
    const request = engineText({ ...asked, declared, types: options.types ?? {}, ...(options.connections !== undefined && { connections: options.connections }), site });
    const { table: rows, whole } = await opened(call, table, descriptor, false, (engine) => engine.openAdbc(request));
    return whole && call.world.size > 1 && limit === undefined ? rows.rebalance({ site }) : rows;
  });
}

/** Opens a source of the program's. */
export function readSource(source: Source, options: ReadSourceOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  const call = currentCall();
  return call.inOrder(async () => {
    checkReader("readSource", options, descriptor);
    const { openSource } = await import("./source.ts");
    const { dataset, schema, rows } = await openSource(call, source, descriptor);
    checkBesides(source.definition.name, schema, descriptor);
    return scan(dataset, descriptor, rows);
  });
}

/** A table of arrays, the same on every rank. */
export function table(columns: Record<string, readonly unknown[]>, descriptor: ReaderDescriptor): SpmdTable {
  const { site, filter, declared } = descriptor;
  onEveryRank(() => checkEven(Object.entries(columns), site));
  // Without any column read the rows would be lost.
  const types = descriptor.columns.length > 0 ? descriptor.columns : declared.slice(0, 1);
  return new SpmdTable(literalTable(columns, types, site, filter));
}

/** Opens an Iceberg table: rank 0 reads its metadata, all ranks its manifests. */
export function readIceberg(table: string | URL, options: ReadIcebergOptions<Record<string, unknown>> | undefined, descriptor: ReaderDescriptor): Promise<SpmdTable> {
  const call = currentCall();
  const { site } = descriptor;
  const path = options?.catalog ? String(table) : located(site, () => absolute(table));
  return call.inOrder(async () => {
    checkReader("readIceberg", options, descriptor);
    const request = await icebergRequest(call, path, options ?? {}, descriptor);
    return (await opened(call, path, descriptor, true, (engine) => engine.openIceberg(request))).table;
  });
}

/** Collective. What rank 0 found in the metadata, or why it did not: the engine tells the other ranks. */
async function icebergRequest(call: CallContext, path: string, options: ReadIcebergOptions<Record<string, unknown>>, { declared, filter, site }: ReaderDescriptor): Promise<string> {
  // Loaded where it is used: most programs have no such table.
  const { withManifests } = await import("./manifests.ts");
  const request = await withManifests(call, site, async (readManifests) => {
    const [{ openTable }, { columnsOf }] = await Promise.all([import("../connectors/iceberg/table.ts"), import("./table-files.ts")]);
    const table = await openStaged(call, path, { ...options, bounded: namesIn(filter), readManifests }, openTable);
    const { name, files, deletes, store } = table;
    return engineText({ table: name, columns: columnsOf(table), files, deletes, declared, ...(filter && { filter }), store, site });
  });
  if (request === undefined) return engineText({ site });
  return "value" in request ? request.value : JSON.stringify({ failed: JSON.parse(description(request.error)) as unknown, site });
}

/** The columns that an expression looks at. */
export function namesIn(expression: unknown, names = new Set<string>()): Set<string> {
  if (typeof expression !== "object" || expression === null) return names;
  if ("kind" in expression && expression.kind === "column" && "name" in expression) names.add(expression.name as string);
  else for (const part of Object.values(expression)) namesIn(part, names);
  return names;
}

/** A table as this call has left it. */
async function openStaged(call: CallContext, path: string, options: TableOptions, open: OpenTable): Promise<IcebergTable> {
  const { snapshot, asOf, ref, since, into } = options;
  const isNow = snapshot === undefined && asOf === undefined && (ref === undefined || ref === "main") && since === undefined && into === undefined;
  if (!isNow) {
    if (since !== undefined || into !== undefined) await refuseNew(call, path, options);
    const opened = await open(path, options);
    (await import("../connectors/iceberg/table.ts")).noteSource(opened, options, call.read);
    return opened;
  }
  const key = (await import("../connectors/iceberg/table-write.ts")).tableKey(path, options);
  const write = await call.tables.get(key)?.write;
  const committed = write?.isWritten && write.isNew ? undefined : await open(path, options);
  if (committed && !call.seen.has(key)) call.seen.set(key, { snapshot: committed.snapshot });
  return write?.isWritten ? write.staged(committed) : committed!;
}

/** What is new in a table, and what is new for another one, their snapshots say: those of this call are made when it returns. LS2015. */
async function refuseNew(call: CallContext, path: string, { into, ...options }: TableOptions): Promise<void> {
  const { outputOf, tableKey } = await import("../connectors/iceberg/places.ts");
  for (const [table, of] of [[path, options], ...(into === undefined ? [] : [outputOf(into, options)])] as const) {
    if (!(await call.tables.get(tableKey(table, of))?.write)?.isWritten) continue;
    throw new LockstepError({ code: "LS2015", message: `${table} is written in this call, and what is new in it, or for it, is known when the call has returned`, fix: "Read since or into before the first write, or in the next call." });
  }
}

const methods = { readParquet: "openParquet", readArrow: "openArrow", readCsv: "openCsv", readJsonLines: "openJsonLines" } as const;

type Types = Readonly<Record<string, string | undefined>>;

interface ReaderOptions extends BadRowOptions {
  readonly types?: Types;
  readonly store?: StoreOptions;
}

const tolerance = ({ onBadRow, badRows, maxBadRows }: BadRowOptions = {}): object => (onBadRow === "skip" ? { tolerance: { kept: badRows !== undefined, ...(maxBadRows !== undefined && { most: maxBadRows }) } } : {});

/** `options` as the program gave them, `asked` as the engine takes them. */
async function open(path: InputPath, descriptor: ReaderDescriptor, verb: keyof typeof methods, options: ReaderOptions | undefined, asked: (types: Types, store: StoreOptions) => object): Promise<SpmdTable> {
  const call = currentCall();
  const { declared, site } = descriptor;
  const paths = located(site, () => (Array.isArray(path) ? path : [path]).map(absolute));
  const { table, bad } = await call.inOrder(async () => {
    checkReader(verb, options, descriptor);
    onEveryRank(() => checkBadRows(verb, path, options ?? {}, site));
    const resolved = paths.map((one) => call.outputs.resolve(one));
    const local = resolved.filter((one) => !isRemote(one));
    if (call.world.size > 1) located(site, () => local.forEach(refuseOwn));
    located(site, () => local.forEach(refuseDangling));
    const request = engineText({ paths: resolved, declared, site, ...asked(options?.types ?? {}, options?.store ?? {}) });
    return opened(call, paths[0]!, descriptor, verb === "readParquet" || verb === "readArrow", (engine) => engine[methods[verb]](request));
  });
  if (bad && call.world.rank === 0) {
    observeBadRows(bad.count);
    tellBadRows(String(path), bad.count, bad.rows[0]!);
  }
  // An operation of its own, behind that of opening.
  if (options?.badRows !== undefined) await new SpmdTable(literalTable(badColumns(bad?.rows ?? []), badTypes, site)).writeJsonLines(options.badRows, { mode: "overwrite" }, { site, ordered: true });
  return table;
}

const badTypes: ColumnType[] = (["file", "line", "text", "reason"] as const).map((name) => ({ name, type: name === "line" ? "number" : "string", nullable: false }));

function checkReader(verb: keyof typeof methods | "readIceberg" | "readPostgres" | "readFlightSql" | "readSnowflake" | "readAdbc" | "readSource", options: ReaderOptions | undefined, { declared, site }: ReaderDescriptor): void {
  onEveryRank(() => checkOptions(verb, options, site));
  for (const name of Object.keys(options?.types ?? {})) {
    if (!declared.some((column) => column.name === name)) throw new LockstepError({ code: "LS2002", message: `types: the interface has no column "${name}"${didYouMean(name, declared.map((column) => column.name))}`, site });
  }
}

/** `counted`: the source says how many rows it has without reading them. */
async function opened(call: CallContext, path: string, descriptor: ReaderDescriptor, counted: boolean, open: (engine: Engine) => Promise<string>): Promise<{ table: SpmdTable } & Pick<Opened, "bad" | "whole">> {
  const { dataset, schema, bytes, rows, bad, whole } = JSON.parse(await call.collective(open)) as Opened;
  call.datasets.push(dataset);
  checkBesides(path, schema, descriptor);
  reached(call.world.rank, "dataset open");
  observeInput(bytes);
  return { table: scan(dataset, descriptor, counted ? rows : undefined), ...(bad && { bad }), ...(whole && { whole }) };
}

function scan(dataset: number, { columns, filter, site }: ReaderDescriptor, rows: number | null | undefined): SpmdTable {
  return new SpmdTable({
    inputs: [],
    build: () => ({ op: "scan", dataset, columns, ...(filter && { filter }), site }),
    ...(typeof rows === "number" && !filter && { rows }),
  });
}

/** Whether it matters which columns the files have besides those declared. */
const seesBesides = ({ seen, clashing = [] }: ReaderDescriptor): boolean => seen !== undefined || clashing.length > 0;

/** LS2002 where columns that the interface leaves out, or has in another order, would make another answer than plain Node's. */
function checkBesides(path: string, schema: Opened["schema"], descriptor: ReaderDescriptor): void {
  if (!seesBesides(descriptor)) return;
  const { declared, seen, clashing = [], site } = descriptor;
  const [found, names] = [schema, declared].map((columns) => columns.map(({ name }) => name)) as [string[], string[]];
  const clash = clashing.find((name) => found.includes(name) && !names.includes(name));
  if (clash === undefined && (seen === undefined || found.join("\0") === names.join("\0"))) return;
  const [message, why] =
    clash === undefined
      ? [`${path} has the columns ${found.join(", ")}; the interface says ${names.join(", ")}`, `whole rows are seen (${seen}), so both must have the same columns in the same order`]
      : [`${path} has a column "${clash}", which the interface leaves out`, "a join or a rename makes another column of this name"];
  const fix = "select(…) the columns right after the reader, or let the interface list all columns of the file in its order.";
  // Every rank read the same schema.
  throw markAgreed(new LockstepError({ code: "LS2002", message, site, why: [why], fix }));
}
