/**
 * What stands in the options of readers, writers and observers, and of verbs. The compiler has the same list for options that are written out
 * (`plugin-babel/src/verbs/options.ts`); these are what a build could not see, refused before anything is read or written.
 */
import { didYouMean, LockstepError } from "../errors/index.ts";
import type { BinOptions } from "../tables/bins.ts";
import type { BatchOptions, ShuffleOptions } from "../tables/batch-options.ts";
import type { CountOptions } from "../tables/grouped.ts";
import type { JoinOptions } from "../tables/join.ts";
import { isSelector } from "../tables/made.ts";
import type { DeriveOptions, Place } from "../tables/relocate.ts";
import type { SampleOptions } from "../tables/sample.ts";
import type { SpreadOptions } from "../tables/spread.ts";
import type { RowRange } from "../tables/slice.ts";
import type { ReadAdbcOptions } from "./adbc/read.ts";
import type { ReadArrowOptions } from "./arrow/read.ts";
import type { WriteArrowOptions } from "./arrow/write.ts";
import type { ReadCsvOptions } from "./csv/read.ts";
import type { WriteCsvOptions } from "./csv/write.ts";
import type { ReadFlightSqlOptions } from "./flight/read.ts";
import type { CatalogOptions } from "./iceberg/catalog.ts";
import type { DeleteIcebergOptions, OverwriteIcebergOptions } from "./iceberg/change.ts";
import type { MergeIcebergOptions } from "./iceberg/merge.ts";
import type { ReadIcebergOptions } from "./iceberg/read.ts";
import type { CompactIcebergOptions } from "./iceberg/units.ts";
import type { WriteIcebergOptions } from "./iceberg/write.ts";
import type { ReadJsonLinesOptions } from "./json/read.ts";
import type { WriteJsonLinesOptions } from "./json/write.ts";
import type { ReadParquetOptions } from "./parquet/read.ts";
import type { WriteParquetOptions } from "./parquet/write.ts";
import type { ReadPostgresOptions } from "./postgres/read.ts";
import type { WritePostgresOptions } from "./postgres/write.ts";
import type { WriteSnowflakeOptions } from "./snowflake/write.ts";
import type { ReadSnowflakeOptions } from "./snowflake/read.ts";
import type { ReadSourceOptions } from "./source/read.ts";
import type { StoreOptions } from "./store/options.ts";
import type { BadRowOptions } from "./text/bad-rows.ts";
import type { WriteFilesOptions } from "./write-options.ts";

/** What one option takes. */
export type Taken =
  | { readonly kind: "boolean" | "number" | "count" | "text" | "texts" | "columns" | "selection" | "weight" | "character" | "date" | "database" | "server" | "address" }
  | { readonly kind: "one"; readonly of: readonly string[] }
  /** Column → one of these, or the name of an Arrow type, which the writer reads. */
  | { readonly kind: "types"; readonly of: readonly string[] | "arrow" }
  | { readonly kind: "options"; readonly of: Options };
export type Options = Readonly<Record<string, Taken>>;

type Of<T> = { readonly [K in keyof Required<T>]: Taken };

const of = (kind: Exclude<Taken["kind"], "one" | "types" | "options">): Taken => ({ kind });
const [boolean, number, count, character, date] = [of("boolean"), of("number"), of("count"), of("character"), of("date")];
const [text, texts, columns, selection, weight] = [of("text"), of("texts"), of("columns"), of("selection"), of("weight")];
const [database, server, address] = [of("database"), of("server"), of("address")];
const scalars = ["bigint", "number", "string", "boolean", "date"];
const read: Taken = { kind: "types", of: scalars };
const readLists: Taken = { kind: "types", of: [...scalars, ...scalars.map((type) => `${type}[]`)] };
const distribution: Taken = { kind: "one", of: ["hash", "none"] };
const order: Taken = { kind: "one", of: ["program"] };
const store: Taken = { kind: "options", of: { endpoint: text, region: text, pathStyle: boolean, anonymous: boolean } satisfies Of<StoreOptions> };
const catalog: Taken = { kind: "options", of: { uri: text, warehouse: text, name: text } satisfies Of<CatalogOptions> };
const files = { mode: { kind: "one", of: ["create", "overwrite", "append", "overwrite-partitions"] }, partitionBy: columns, distribution, single: boolean, fileRows: count, store, order } as const satisfies Of<WriteFilesOptions<object>>;
const compression: Taken = { kind: "one", of: ["gzip", "zstd", "none"] };
const badRows = { onBadRow: { kind: "one", of: ["error", "skip"] }, badRows: text, maxBadRows: count } as const satisfies Of<BadRowOptions>;
const range = { limit: number, offset: number } satisfies Of<RowRange>;

export const optionsOf = {
  readParquet: { types: readLists, store } satisfies Of<ReadParquetOptions<object>>,
  readArrow: { types: readLists, store } satisfies Of<ReadArrowOptions<object>>,
  readCsv: { delimiter: character, header: boolean, nulls: texts, types: read, ...badRows, store } satisfies Of<ReadCsvOptions<object>>,
  readJsonLines: { types: readLists, ...badRows, store } satisfies Of<ReadJsonLinesOptions<object>>,
  readIceberg: { snapshot: text, asOf: date, ref: text, since: text, into: text, catalog, types: readLists, store } satisfies Of<ReadIcebergOptions<object>>,
  readPostgres: { url: database, types: readLists, partitionBy: text, connections: count } satisfies Of<ReadPostgresOptions<object>>,
  readFlightSql: { url: server, types: readLists, connections: count } satisfies Of<ReadFlightSqlOptions<object>>,
  readSnowflake: { account: text, warehouse: text, role: text, database: text, schema: text, types: read, connections: count } satisfies Of<ReadSnowflakeOptions<object>>,
  readAdbc: { driver: text, uri: address, types: readLists, connections: count } satisfies Of<ReadAdbcOptions<object>>,
  readSource: { types: read } satisfies Of<ReadSourceOptions<object>>,
  writeParquet: {
    ...files, compression: { kind: "one", of: ["snappy", "zstd", "gzip", "lz4", "none"] }, rowGroupRows: count, types: { kind: "types", of: "arrow" }, sortBy: texts, bloomFilters: columns,
  } satisfies Of<WriteParquetOptions<object>>,
  writeArrow: { ...files, compression: { kind: "one", of: ["lz4", "zstd", "none"] }, types: { kind: "types", of: "arrow" }, sortBy: texts } satisfies Of<WriteArrowOptions<object>>,
  writeCsv: { ...files, compression, delimiter: character, header: boolean } satisfies Of<WriteCsvOptions<object>>,
  writeJsonLines: { ...files, compression } satisfies Of<WriteJsonLinesOptions<object>>,
  writeIceberg: { mode: { kind: "one", of: ["append", "overwrite", "overwrite-partitions", "create"] }, partitionBy: texts, distribution, sortBy: texts, catalog, types: { kind: "types", of: "arrow" }, store } satisfies Of<WriteIcebergOptions<object>>,
  writePostgres: { mode: { kind: "one", of: ["create", "append", "overwrite", "merge"] }, on: columns, url: database, connections: count, types: { kind: "types", of: "arrow" } } satisfies Of<WritePostgresOptions<object>>,
  writeSnowflake: { mode: { kind: "one", of: ["create", "append", "overwrite", "merge"] }, on: columns, account: text, warehouse: text, role: text, database: text, schema: text, types: { kind: "types", of: "arrow" } } satisfies Of<WriteSnowflakeOptions<object>>,
  overwriteIceberg: { partitionBy: texts, distribution, sortBy: texts, catalog, types: { kind: "types", of: "arrow" }, store } satisfies Of<OverwriteIcebergOptions<object>>,
  compactIceberg: { fileBytes: count, minFiles: count, deleteFiles: count, catalog, store } satisfies Of<CompactIcebergOptions>,
  deleteIceberg: { catalog, store, types: read } satisfies Of<DeleteIcebergOptions<object>>,
  mergeIceberg: { partitionBy: texts, distribution, sortBy: texts, catalog, types: { kind: "types", of: "arrow" }, store } satisfies Of<MergeIcebergOptions<object>>,
  batches: { rows: count, shuffle: number } satisfies Of<BatchOptions>,
  shuffle: { seed: number } satisfies Of<ShuffleOptions>,
  objects: range,
  print: range,
  bin: { maxbins: number, nice: boolean, minstep: number, step: number, offset: number } satisfies Of<BinOptions>,
  derive: { drop: boolean, before: selection, after: selection } satisfies Of<DeriveOptions<object>>,
  relocate: { before: selection, after: selection } satisfies Of<Place<object>>,
  join: { suffix: texts } satisfies Of<JoinOptions>,
  count: { as: text } satisfies Of<CountOptions>,
  spread: { as: texts, limit: count, drop: boolean } satisfies Of<SpreadOptions>,
  sample: { weight, replace: boolean, shuffle: boolean, seed: number } satisfies Of<SampleOptions>,
} as const;

/** LS2016 for options that `verb` has not, or values they do not take. */
export function checkOptions(verb: keyof typeof optionsOf, given: unknown, site?: string): void {
  const wrong = given === undefined ? undefined : wrongIn(verb, given, optionsOf[verb]);
  if (wrong) throw new LockstepError({ code: "LS2016", message: wrong.message, fix: wrong.fix, site });
}

function wrongIn(owner: string, given: unknown, options: Options): { message: string; fix: string } | undefined {
  const names = Object.keys(options).join(", ");
  if (!isRecord(given)) return { message: `${owner} takes an object of options, not ${shown(given)}`, fix: `Its options are ${names}.` };
  for (const [name, value] of Object.entries(given)) {
    const taken = Object.hasOwn(options, name) ? options[name] : undefined;
    if (!taken) return { message: `${owner} has no option "${name}"${didYouMean(name, Object.keys(options))}`, fix: `Its options are ${names}.` };
    if (value === undefined) continue;
    if (taken.kind === "options") {
      const wrong = wrongIn(`${owner}: ${name}`, value, taken.of);
      if (wrong) return wrong;
    } else if (taken.kind === "types") {
      const wrong = isRecord(value) ? Object.entries(value).find(([, type]) => type !== undefined && !isType(type, taken.of)) : [name, value];
      if (wrong) return { message: `${owner}: types says column by column what it is, not ${wrong[0]}: ${shown(wrong[1])}`, fix: taken.of === "arrow" ? 'Name an Arrow type: { id: "int32" }.' : `A column is one of ${taken.of.join(", ")}.` };
    } else if (!fits(value, taken)) {
      return { message: `${owner}: ${name} takes ${words(taken)}, not ${typeof value === "string" && holdsLogin(value) ? "one with a password" : shown(value)}`, fix: `Write ${words(taken)}, or leave the option out.` };
    }
  }
  return undefined;
}

function fits(value: unknown, taken: Exclude<Taken, { kind: "types" | "options" }>): boolean {
  switch (taken.kind) {
    case "count":
      return Number.isSafeInteger(value) && (value as number) > 0;
    case "text":
      return typeof value === "string";
    case "database":
      return typeof value === "string" && !holdsPassword(value);
    case "server":
    case "address":
      return typeof value === "string" && !holdsLogin(value);
    case "texts":
    case "columns":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "weight":
      return typeof value === "string" || typeof value === "function";
    case "selection":
      return typeof value === "string" || Array.isArray(value) || isSelector(value);
    case "character":
      return typeof value === "string" && /^[\x00-\x7f]$/.test(value) && !/["\r\n]/.test(value);
    case "date":
      return value instanceof Date;
    case "one":
      return taken.of.includes(value as string);
    default:
      return typeof value === taken.kind && !Number.isNaN(value);
  }
}

function words(taken: Exclude<Taken, { kind: "types" | "options" }>): string {
  switch (taken.kind) {
    case "boolean":
      return "true or false";
    case "texts":
      return "a list of strings";
    case "columns":
      return "a list of columns' names";
    case "weight":
      return "a column's name, or a row function";
    case "selection":
      return "a column's name, a list of them, or a selection such as not(…)";
    case "count":
      return "a whole number, 1 or more";
    case "character":
      return "one ASCII character that is no quote and no line break";
    case "date":
      return "a Date";
    case "database":
      return "the URL of a database without a password (PGPASSWORD or DATABASE_URL of the environment has it)";
    case "server":
      return "the URL of a server without a login (LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD of the environment have it)";
    case "address":
      return "a URI without a login (LOCKSTEP_ADBC_USERNAME and LOCKSTEP_ADBC_PASSWORD, or LOCKSTEP_ADBC_URI of the environment have it)";
    case "one":
      return listed(taken.of);
    default:
      return `a ${taken.kind}`;
  }
}

/** Whether the URL of a database has a password in it, which is then printed nowhere. */
export const holdsPassword = (url: string): boolean => /^[^/?]*:\/\/[^/?@:]*:[^?]*@|[?&]password=./s.test(url);

/** Whether what says where a server or a database is has more in it: `user:password@place` with a scheme or without, `password=x` and what else is called a secret. */
export const holdsLogin = (url: string): boolean => holdsPassword(url) || /^[^/?]*:\/\/[^/]*@|^(?!file:)[^/?@:]+:(?!\/\/)[^@]*@/s.test(url) || /(?:pass|pwd|token|key|secret|sig)\w*\s*=/i.test(url);

const isType = (type: unknown, of: readonly string[] | "arrow"): boolean => (of === "arrow" ? typeof type === "string" : of.includes(type as string));

const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : typeof value === "function" ? "a function" : Array.isArray(value) ? "a list" : typeof value === "object" && value !== null ? "an object" : String(value));

const listed = (names: readonly string[]): string => [names.slice(0, -1), names.slice(-1)].map((part) => part.map((name) => `"${name}"`).join(", ")).filter((part) => part !== "").join(" or ");
