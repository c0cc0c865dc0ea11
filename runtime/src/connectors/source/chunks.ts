/** What a source has, and the rows of its chunks: the same for both executions. */
import { inspect } from "node:util";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { marshal } from "../../marshal.ts";
import { parseType, printType, type ArrowType } from "../../tables/arrow-type.ts";
import { castColumn } from "../../tables/cast.ts";
import { Column } from "../../tables/column.ts";
import { inferColumn } from "../../tables/infer.ts";
import type { SourceColumn } from "../source-column.ts";
import type { ArrowRows, Source, SourceBatch, SourceColumns, SourceFilter } from "./define.ts";

/** What rank 0 finds out, as plain data. */
export interface SourcePlan {
  readonly schema: readonly (readonly [name: string, type: string])[];
  readonly chunks: readonly unknown[];
  /** What it has been told of the rows that are wanted. */
  readonly filter: SourceFilter;
}

/** LS2016: it is none. */
export function checkSource(source: unknown, site?: string): asserts source is Source {
  const { definition } = (typeof source === "object" && source !== null ? source : {}) as Partial<Source>;
  if (typeof definition?.name === "string" && [definition.schema, definition.chunks, definition.read].every((method) => typeof method === "function")) {
    const { timeout = patience } = definition;
    if (typeof timeout === "number" && timeout > 0 && timeout <= mostSeconds) return;
    throw new LockstepError({ code: "LS2016", message: `${definition.name}: timeout is ${String(timeout)}`, fix: `Give seconds, more than 0 and at most ${mostSeconds}, or leave it out.`, ...(site !== undefined && { site }) });
  }
  const found = typeof source === "function" ? "a function: call it with the source's options" : source === null ? "null" : `a ${typeof source}`;
  throw new LockstepError({ code: "LS2016", message: `readSource reads what a source of defineSource gives, not ${found}`, fix: "await readSource<Row>(github({ … })), with github = defineSource({ name, schema, chunks, read })", ...(site !== undefined && { site }) });
}

/** What a source says of its columns. LS2025, LS2015 for a type that is none. */
async function schemaOf({ definition, options }: Source): Promise<SourcePlan["schema"]> {
  const schema = await failingAs(`${definition.name}: schema`, () => inTime(definition, definition.schema(options)));
  const columns = Object.entries(typeof schema === "object" && schema !== null ? schema : {});
  if (columns.length === 0 || columns.some(([, type]) => typeof type !== "string")) throw wrong(`${definition.name}: schema gives no columns`, '{ id: "int64", title: "string" }');
  for (const [name, type] of columns) {
    const message = (error: unknown): string => `${definition.name}: schema: ${name}: ${(error as Error).message}`;
    try {
      parseType(type);
    } catch (error) {
      throw error instanceof LockstepError ? new LockstepError({ ...error.toJSON(), message: message(error) }) : error;
    }
  }
  return columns;
}

/** Its columns, none of its rows: any of them may be null. */
export async function describeSource(source: Source): Promise<SourceColumn[]> {
  return [...typesOfPlan({ schema: await schemaOf(source) })].map(([name, type]) => ({ name, type, nullable: true }));
}

/** `wanted`: what the program wants of such columns. LS2025, LS2015 for a type that is none. */
export async function planSource(source: Source, wanted: (types: ReadonlyMap<string, ArrowType>) => SourceFilter = () => []): Promise<SourcePlan> {
  const { definition, options } = source;
  const schema = await schemaOf(source);
  const filter = wanted(typesOfPlan({ schema }));
  const chunks = await failingAs(`${definition.name}: chunks`, () => inTime(definition, definition.chunks(options, { filter })));
  if (!Array.isArray(chunks)) throw wrong(`${definition.name}: chunks gives no list`, "a list of plain data, a part each");
  // Under plain Node, too, where nothing would be lost.
  marshal(chunks, `${definition.name}: chunks`, () => undefined, "Give plain data: numbers, strings, Dates, arrays, objects; read makes of them what it needs.");
  return { schema, chunks: chunks as readonly unknown[], filter };
}

export const typesOfPlan = ({ schema }: Pick<SourcePlan, "schema">): ReadonlyMap<string, ArrowType> => new Map(schema.map(([name, type]) => [name, parseType(type)]));

/** Which columns of a source are asked for: those that are used, and one where none is, for the number of rows. */
export const asked = (types: ReadonlyMap<string, ArrowType>, used: readonly string[]): string[] => (used.length > 0 ? [...used] : [types.keys().next().value!]);

export interface ChunkRead {
  readonly source: Source;
  /** The columns asked for, and their types. */
  readonly wanted: ReadonlyMap<string, ArrowType>;
  /** Of the whole source. */
  readonly types: ReadonlyMap<string, ArrowType>;
  readonly filter: SourceFilter;
  readonly signal: AbortSignal;
  /** Where ranks are several: who reads. */
  readonly rank?: number;
}

/** Gives the rows of a chunk, some at a time; an iterator that is left early is closed. LS2025 */
export async function readChunk(read: ChunkRead, chunk: unknown, index: number, take: (columns: ReadonlyMap<string, Column>, rows: number) => void | Promise<void>): Promise<void> {
  const { source: { definition, options }, wanted, filter, signal, rank } = read;
  const where = `${definition.name}, chunk ${index} (${shown(chunk)})${rank === undefined ? "" : ` on rank ${rank}`}`;
  await failingAs(where, async () => {
    await eachInTime(definition, definition.read(chunk, options, { columns: [...wanted.keys()], filter, signal }), async (batch) => {
      const { columns, rows } = await columnsOf(batch, read);
      if (rows > 0) await take(columns, rows);
    });
  });
}

async function columnsOf(batch: SourceBatch, { wanted, types }: ChunkRead): Promise<{ columns: ReadonlyMap<string, Column>; rows: number }> {
  const given = await columnsIn(batch);
  const unknown = [...given.columns.keys()].find((name) => !types.has(name));
  if (unknown !== undefined) throw new Error(`a batch has a column "${unknown}", which the schema has not${didYouMean(unknown, types.keys())}`);
  const columns = [...wanted].map(([name, type]): [string, Column] => {
    const column = given.columns.get(name);
    if (column === undefined) throw new Error(`a batch has no column "${name}"`);
    if (column.length !== given.rows) throw new Error(`a batch has ${given.rows} rows in one column and ${column.length} in "${name}"`);
    return [name, fitted(name, column, type)];
  });
  return { columns: new Map(columns), rows: given.rows };
}

/** In words that say nothing of files. */
function fitted(name: string, column: Column, type: ArrowType): Column {
  try {
    return castColumn(name, column, type);
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    // Who makes Arrow of nothing but nulls may give them any type.
    if (Array.prototype.every.call(column.values, (value) => value === null)) return new Column(type, column.length, column.values);
    throw new Error(error.message.includes(", row ") ? error.message : `the column "${name}" is ${printType(column.type)} in a batch, and the schema says ${printType(type)}`);
  }
}

async function columnsIn(batch: SourceBatch): Promise<{ columns: ReadonlyMap<string, Column>; rows: number }> {
  if (batch instanceof Uint8Array) return (await import("../../tables/ipc.ts")).fromIpc(batch);
  if (typeof batch !== "object" || batch === null) throw new Error(`a batch is an object of columns, a stream of Arrow IPC or a RecordBatch, not ${batch === null ? "null" : typeof batch}`);
  if (isArrow(batch)) return columnsIn(await ipcOf(batch));
  const columns = Object.entries(batch as SourceColumns).map(([name, values]): [string, Column] => [name, inferColumn(listOf(name, values), `the column "${name}"`)]);
  return { columns: new Map(columns), rows: columns[0]?.[1].length ?? 0 };
}

function listOf(name: string, values: unknown): ArrayLike<unknown> {
  if (Array.isArray(values) || (ArrayBuffer.isView(values) && "length" in values)) return values as ArrayLike<unknown>;
  throw new Error(`a batch has no list for the column "${name}": rows go in as columns, { id: [1, 2] }`);
}

const isArrow = (batch: SourceBatch): batch is ArrowRows => typeof (batch as ArrowRows).numRows === "number" && Array.isArray((batch as ArrowRows).schema?.fields);

/** Who gives such rows has the package. */
async function ipcOf(rows: ArrowRows): Promise<Uint8Array> {
  const { isArrowTable, Table, tableToIPC } = await import("apache-arrow");
  return tableToIPC(isArrowTable(rows) ? rows : new Table([rows as never]), "stream");
}

/** What a source throws, with where. Errors of ours keep their codes. */
async function failingAs<T>(where: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const { code, message, fix } = error instanceof LockstepError ? error : { code: "LS2025" as const, message: error instanceof Error ? (error.name === "Error" ? error.message : `${error.name}: ${error.message}`) : String(error), fix: undefined };
    throw new LockstepError({ code, message: `${where}: ${message}`, ...(fix !== undefined && { fix }), cause: error });
  }
}

const wrong = (message: string, give: string): LockstepError => new LockstepError({ code: "LS2025", message, fix: `Give ${give}.` });

/** Seconds, of a source that says none; a timer takes no more. */
const [patience, mostSeconds] = [600, 2_000_000];

/** What a promise of a source becomes, or an error when it has been open for too long: ranks would wait for this one without end. */
async function inTime<T>({ timeout = patience }: Source["definition"], value: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fix = "See that each of its promises settles, or give the source a longer `timeout`.";
    timer = setTimeout(() => reject(new LockstepError({ code: "LS2025", message: `nothing has come for ${timeout} s`, fix })), timeout * 1000);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}

/** Takes what an iterator gives, each in time. It is closed where it is left early, but not where it hangs or has ended itself. */
async function eachInTime(definition: Source["definition"], batches: AsyncIterable<SourceBatch> | Iterable<SourceBatch>, take: (batch: SourceBatch) => Promise<void>): Promise<void> {
  const iterator = iteratorOf(batches);
  for (;;) {
    const { done, value } = await inTime(definition, iterator.next());
    if (done) return;
    const batch = await inTime(definition, value);
    try {
      await take(batch);
    } catch (error) {
      try {
        await inTime(definition, iterator.return?.());
      } catch {
        // However it closes, the first error is the one to tell.
      }
      throw error;
    }
  }
}

/** What `read` gave may be anything: a program is not always type-checked. */
function iteratorOf(batches: unknown): AsyncIterator<SourceBatch> | Iterator<SourceBatch> {
  const { [Symbol.asyncIterator]: asyncIterator, [Symbol.iterator]: iterator } = Object(batches) as Partial<AsyncIterable<SourceBatch> & Iterable<SourceBatch>>;
  if (typeof batches === "object" && typeof asyncIterator === "function") return asyncIterator.call(batches);
  if (typeof batches === "object" && typeof iterator === "function") return iterator.call(batches);
  // Its own error, if it has one, is nobody's.
  if (batches instanceof Promise) batches.catch(() => undefined);
  const found = batches instanceof Promise ? "a Promise" : batches === null ? "null" : batches === undefined ? "nothing" : `${typeof batches === "object" ? "an" : "a"} ${typeof batches}`;
  throw new LockstepError({ code: "LS2025", message: `read gives ${found}, not an iterator of batches`, fix: "Make it `async *read(chunk, options, { columns, signal })`, which yields batches; or let it return a list of them." });
}

/** As it may stand in a message. */
function shown(chunk: unknown): string {
  const text = written(chunk);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function written(chunk: unknown): string {
  try {
    return JSON.stringify(chunk, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)) ?? String(chunk);
  } catch {
    // It refers to itself.
    return inspect(chunk, { breakLength: Infinity });
  }
}
