/**
 * What a query has given → columns. Snowflake's Arrow is one of its own: numbers are integers as small as a chunk's values allow, with the
 * scale beside them, instants such integers or structs of seconds and nanoseconds. What they stand for is what the statement's columns say.
 */
import { gunzipSync } from "node:zlib";
import { LockstepError } from "../../errors/index.ts";
import { ticksPerSecond, type ArrowType, type TimeUnit } from "../../tables/arrow-type.ts";
import type { Stored, StoredValues } from "../../tables/column.ts";
import { canonicalInteger } from "../../tables/infer.ts";
import { timeStored } from "../../tables/kinds.ts";
import { messagesFile } from "../arrow/read.ts";
import { corrupt, type TypedFile } from "../typed-files.ts";
import { lost } from "./errors.ts";
import { request } from "./http.ts";
import type { Chunk, Result, ResultColumn } from "./session.ts";

/** What a column is here (`connectors/src/snowflake/types.rs`). */
export function typeOf({ type, precision, scale }: ResultColumn): ArrowType {
  switch (type) {
    case "fixed":
      return (scale ?? 0) === 0 ? { id: "int", bits: 64, signed: true } : { id: "decimal", precision: precision ?? 38, scale: scale! };
    case "real":
      return { id: "float", bits: 64 };
    case "boolean":
    case "date":
    case "binary":
      return { id: type === "boolean" ? "bool" : type };
    case "time":
      return { id: "time", unit: "ns" };
    case "timestamp_ntz":
      return { id: "timestamp", unit: unitOf(scale), zone: null };
    case "timestamp_ltz":
    case "timestamp_tz":
      return { id: "timestamp", unit: unitOf(scale), zone: "UTC" };
    default:
      // Text, and what comes as text: VARIANT, OBJECT, ARRAY as JSON, GEOGRAPHY.
      return { id: "string" };
  }
}

/** The coarsest that holds so many digits of a second. */
const unitOf = (scale: number | null): TimeUnit => (["s", "ms", "us", "ns"] as const)[Math.min(3, Math.ceil((scale ?? 9) / 3))]!;

/** Bytes of a chunk, unpacked, at most: twice what Snowflake says, as it may count otherwise, and what is small besides. */
const mostBytes = ({ compressedSize = 0, uncompressedSize = 1 << 29 }: Omit<Chunk, "url" | "rows">): number => 2 * Math.max(compressedSize, uncompressedSize) + (1 << 20);

/** All rows, in order: `connections` chunks at once. */
export async function filesOf(source: string, { columns, first, rows, chunks, headers }: Result, connections: number): Promise<TypedFile[]> {
  const files: TypedFile[] = first === "" ? [] : [fileOf(source, columns, Buffer.from(first, "base64"), rows)];
  const found = new Array<TypedFile>(chunks.length);
  let next = 0;
  const stop = new AbortController();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < chunks.length && !stop.signal.aborted; index = next++) {
      const part = `${source}, chunk ${index + 1} of ${chunks.length}`;
      const { url, rows, ...sizes } = chunks[index]!;
      const most = mostBytes(sizes);
      const answer = await request(url, { headers }, { signal: stop.signal, most });
      if ("failed" in answer) throw lost(part, "it was read", answer.failed);
      if (answer.status === 403 || answer.status === 404) throw new LockstepError({ code: "LS2021", message: `${part}: the store of the result answers with status ${answer.status}: Snowflake keeps results for some hours`, fix: "Start the program again." });
      if (answer.status !== 200) throw lost(part, "it was read", `the store of the result answers with status ${answer.status}`);
      found[index] = fileOf(part, columns, answer.body, rows, most);
    }
  };
  // The first error is the program's, and nobody reads on.
  const reading = Array.from({ length: Math.min(connections, chunks.length) }, () => worker().catch((error: unknown) => {
    stop.abort();
    throw error;
  }));
  await Promise.all(reading);
  files.push(...found);
  return files.length > 0 ? files : [empty(source, columns)];
}

function empty(name: string, columns: readonly ResultColumn[]): TypedFile {
  return { name, rows: 0, typeOf: (column) => typed(columns, column), read: () => [] };
}

const typed = (columns: readonly ResultColumn[], name: string): ArrowType | undefined => {
  const found = columns.find((column) => column.name === name);
  return found && typeOf(found);
};

/** `rows`: as the answer says; `most`: bytes. */
function fileOf(name: string, columns: readonly ResultColumn[], bytes: Buffer, rows: number, most = mostBytes({})): TypedFile {
  const plain = unpacked(name, bytes, most);
  const file = messagesFile(name, (start, end) => plain.slice(start, end), plain.length, false);
  if (file.rows !== rows) throw corrupt(name, `it has ${file.rows} rows, not ${rows}`);
  return {
    name,
    rows,
    typeOf: (column) => typed(columns, column),
    read: (column) => {
      const came = file.typeOf(column);
      return convert(file.read(column, came!), columns.find((one) => one.name === column)!, came?.id === "struct" ? came.fields.map((field) => field.name) : [], name);
    },
  };
}

/** Stores differ in who unpacks it. */
function unpacked(name: string, bytes: Buffer, most: number): Uint8Array {
  const larger = (cause?: unknown): LockstepError => corrupt(name, "it has many more bytes than Snowflake says", cause);
  if (bytes.length > most) throw larger();
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw larger(error);
    throw corrupt(name, "what is packed in it cannot be unpacked", error);
  }
}

/** `members`: of structs, in which instants come. */
function convert(values: StoredValues, column: ResultColumn, members: readonly string[], source: string): StoredValues {
  const { name, type, scale } = column;
  const wrong = (what: string, row: number, fix: string): LockstepError => new LockstepError({ code: "LS2015", message: `${source}: column ${name} has ${what}, in row ${row}`, fix });
  const each = (of: (value: Exclude<Stored, null>, row: number) => Stored): Stored[] => Array.from(values, (value, row) => (value === null ? null : of(value, row)));
  const integer = (value: unknown): bigint => BigInt(value as number | bigint);
  if (type === "fixed" && (scale ?? 0) === 0) {
    return each((value, row) => {
      if (typeof value === "bigint" && value !== BigInt.asIntN(64, value)) throw wrong(`${value}, which is no integer of 64 bits`, row, `Read it as text: a query with ${name}::varchar.`);
      return value;
    });
  }
  // In units of the scale, where the file does not say that it is a time.
  if (type === "time") return each((value) => (typeof value === "string" ? value : timeStored(integer(value) * 10n ** BigInt(9 - (scale ?? 9)), "ns")));
  if (!type.startsWith("timestamp")) {
    if (Array.from(values).some((value) => typeof value === "object" && value !== null && !(value instanceof Uint8Array))) throw wrong(`values of type ${type}, which tables do not hold`, 0, "Leave it out, or read it as text: a query with TO_VARCHAR or TO_JSON.");
    return values;
  }
  if (members.length > 0 && !members.includes("epoch")) throw corrupt(source, `column ${name} has instants without an epoch`);
  const unit = unitOf(scale);
  const perSecond = BigInt(ticksPerSecond[unit]);
  const perUnit = 10n ** BigInt(scale ?? 9);
  return each((value, row) => {
    let ticks: bigint;
    if (Array.isArray(value)) {
      const [epoch, fraction] = ["epoch", "fraction"].map((member) => (value as readonly Stored[])[members.indexOf(member)]);
      if (epoch === null || fraction === null) return null;
      // Without a fraction the seconds are counted in units of the scale.
      ticks = fraction === undefined ? (integer(epoch) * perSecond) / perUnit : integer(epoch) * perSecond + integer(fraction) / (1_000_000_000n / perSecond);
    } else ticks = (integer(value) * perSecond) / perUnit;
    if (ticks !== BigInt.asIntN(64, ticks)) throw wrong("an instant that 64 bits do not hold in nanoseconds", row, `Read it in microseconds: a query with ${name}::${type}(6).`);
    return canonicalInteger(ticks);
  });
}
