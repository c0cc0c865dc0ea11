/** What stands in the options of readers, writers and observers: the runtime has the same list (`connectors/options.ts`), and test/hygiene compares them. */

/** What one option takes. */
export type Taken =
  | { readonly kind: "boolean" | "number" | "count" | "text" | "texts" | "columns" | "selection" | "weight" | "character" | "date" | "database" | "server" | "address" }
  | { readonly kind: "one"; readonly of: readonly string[] }
  /** Column → one of these, or the name of an Arrow type. */
  | { readonly kind: "types"; readonly of: readonly string[] | "arrow" }
  | { readonly kind: "options"; readonly of: Options };
export type Options = Readonly<Record<string, Taken>>;

const of = (kind: Exclude<Taken["kind"], "one" | "types" | "options">): Taken => ({ kind });
const [boolean, number, count, character, date] = [of("boolean"), of("number"), of("count"), of("character"), of("date")];
const [text, texts, columns, selection, weight] = [of("text"), of("texts"), of("columns"), of("selection"), of("weight")];
const [database, server, address] = [of("database"), of("server"), of("address")];
const scalars = ["bigint", "number", "string", "boolean", "date"];
const read: Taken = { kind: "types", of: scalars };
const readLists: Taken = { kind: "types", of: [...scalars, ...scalars.map((type) => `${type}[]`)] };
const distribution: Taken = { kind: "one", of: ["hash", "none"] };
const order: Taken = { kind: "one", of: ["program"] };
const store: Taken = { kind: "options", of: { endpoint: text, region: text, pathStyle: boolean, anonymous: boolean } };
const catalog: Taken = { kind: "options", of: { uri: text, warehouse: text, name: text } };
const files = { mode: { kind: "one", of: ["create", "overwrite", "append", "overwrite-partitions"] }, partitionBy: columns, distribution, single: boolean, fileRows: count, store, order } as const satisfies Options;
const compression: Taken = { kind: "one", of: ["gzip", "zstd", "none"] };
const badRows = { onBadRow: { kind: "one", of: ["error", "skip"] }, badRows: text, maxBadRows: count } as const satisfies Options;
const range: Options = { limit: number, offset: number };

export const optionsOf = {
  readParquet: { types: readLists, store },
  readArrow: { types: readLists, store },
  readCsv: { delimiter: character, header: boolean, nulls: texts, types: read, ...badRows, store },
  readJsonLines: { types: readLists, ...badRows, store },
  readIceberg: { snapshot: text, asOf: date, ref: text, since: text, into: text, catalog, types: readLists, store },
  readPostgres: { url: database, types: readLists, partitionBy: text, connections: count },
  readFlightSql: { url: server, types: readLists, connections: count },
  readSnowflake: { account: text, warehouse: text, role: text, database: text, schema: text, types: read, connections: count },
  readAdbc: { driver: text, uri: address, types: readLists, connections: count },
  readSource: { types: read },
  writeParquet: { ...files, compression: { kind: "one", of: ["snappy", "zstd", "gzip", "lz4", "none"] }, rowGroupRows: count, types: { kind: "types", of: "arrow" }, sortBy: texts, bloomFilters: columns },
  writeArrow: { ...files, compression: { kind: "one", of: ["lz4", "zstd", "none"] }, types: { kind: "types", of: "arrow" }, sortBy: texts },
  writeCsv: { ...files, compression, delimiter: character, header: boolean },
  writeJsonLines: { ...files, compression },
  writeIceberg: { mode: { kind: "one", of: ["append", "overwrite", "overwrite-partitions", "create"] }, partitionBy: texts, distribution, sortBy: texts, catalog, types: { kind: "types", of: "arrow" }, store },
  writeSnowflake: { mode: { kind: "one", of: ["create", "append", "overwrite", "merge"] }, on: columns, account: text, warehouse: text, role: text, database: text, schema: text, types: { kind: "types", of: "arrow" } },
  writePostgres: { mode: { kind: "one", of: ["create", "append", "overwrite", "merge"] }, on: columns, url: database, connections: count, types: { kind: "types", of: "arrow" } },
  overwriteIceberg: { partitionBy: texts, distribution, sortBy: texts, catalog, types: { kind: "types", of: "arrow" }, store },
  compactIceberg: { fileBytes: count, minFiles: count, deleteFiles: count, catalog, store },
  deleteIceberg: { catalog, store, types: read },
  mergeIceberg: { partitionBy: texts, distribution, sortBy: texts, catalog, types: { kind: "types", of: "arrow" }, store },
  batches: { rows: count, shuffle: number },
  shuffle: { seed: number },
  objects: range,
  print: range,
  bin: { maxbins: number, nice: boolean, minstep: number, step: number, offset: number },
  derive: { drop: boolean, before: selection, after: selection },
  relocate: { before: selection, after: selection },
  join: { suffix: texts },
  count: { as: text },
  spread: { as: texts, limit: count, drop: boolean },
  sample: { weight, replace: boolean, shuffle: boolean, seed: number },
} as const satisfies Record<string, Options>;

const HELD =
  /bool(?:ean)?|string|utf8|binary|uuid|time32\[(?:s|ms)\]|time64\[(?:us|ns)\]|float(?:16|32|64)?|double|date32(?:\[day\])?|dictionary<values=string, indices=int32>|u?int(?:8|16|32|64)|timestamp\[(?:s|ms|us|ns)(?:, ?tz=[^\]]+)?\]|decimal(?:128)?\((?:[1-9]|[12]\d|3[0-8]), ?\d+\)/
    .source;

/** Arrow's names of the types that a column can be written as. */
export const ARROW_TYPE = new RegExp(`^(?:${HELD}|list<(?:${HELD})>|list<(?:list|struct)<.+>>|struct<.+>|map<.+, ?.+>)$`);

/** Whether an option takes a value; one that is undefined is not given. */
export function fits(value: unknown, taken: Taken): boolean {
  if (value === undefined) return true;
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
      return typeof value === "string";
    case "selection":
      return typeof value === "string" || Array.isArray(value);
    case "character":
      return typeof value === "string" && /^[\x00-\x7f]$/.test(value) && !/["\r\n]/.test(value);
    case "date":
      return value instanceof Date;
    case "one":
      return taken.of.includes(value as string);
    case "types":
    case "options":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === taken.kind && !Number.isNaN(value);
  }
}

/** Whether the URL of a database has a password in it, which is then printed nowhere. */
const holdsPassword = (url: string): boolean => /^[^/?]*:\/\/[^/?@:]*:[^?]*@|[?&]password=./s.test(url);

/** Whether what says where a server or a database is has more in it, which is then printed nowhere: `user:password@place` with a scheme or without, `password=x` and what else is called a secret. */
export const holdsLogin = (url: string): boolean => holdsPassword(url) || /^[^/?]*:\/\/[^/]*@|^(?!file:)[^/?@:]+:(?!\/\/)[^@]*@/s.test(url) || /(?:pass|pwd|token|key|secret|sig)\w*\s*=/i.test(url);

/** What it takes, in words. */
export function wordsOf(taken: Taken): string {
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
    case "types":
      return taken.of === "arrow" ? 'an object of columns and Arrow types, such as { id: "int32" },' : `an object of columns and ${listed(taken.of)}`;
    case "options":
      return `an object of ${Object.keys(taken.of).join(", ")}`;
    default:
      return `a ${taken.kind}`;
  }
}

const listed = (names: readonly string[]): string => [names.slice(0, -1), names.slice(-1)].map((part) => part.map((name) => `"${name}"`).join(", ")).filter((part) => part !== "").join(" or ");
