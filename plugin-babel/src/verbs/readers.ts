/** Where tables come from. */
import { BLOCK, replicated } from "../ir/distribution.ts";
import { type Instruction } from "../ir/ir.ts";
import type { Data } from "../ir/data.ts";
import { type Options, optionsOf } from "./options.ts";
import { columnTypes, readBy, silent } from "./rules.ts";
import { expressionOf } from "./rules.ts";
import type { Verb } from "./verb.ts";

/** The columns read: those demanded, and those the pushed filters look at. */
function scanned(i: Instruction) {
  const read = new Set([...(i.demanded ?? []), ...readBy(i.pushed)]);
  return (i.declared ?? []).filter((c) => i.demanded === null || read.has(c.name));
}

function pushedFilter(i: Instruction): { filter?: Data } {
  const [first, ...others] = i.pushed.map(expressionOf);
  if (first === undefined) return {};
  return { filter: others.reduce<Data>((left, right) => ({ kind: "and", left, right, type: "boolean" }), first) };
}

function besides({ besides: of }: Instruction): { [key: string]: Data } {
  return { ...(of?.seen && { seen: of.seen }), ...(of && of.clashing.length > 0 && { clashing: [...of.clashing] }) };
}

// Parquet and Arrow are read again faster than rows are kept; text is not.
const reader = (name: string, format: string, options?: Options, takes: "path" | "paths" = "paths"): Verb => ({
  name,
  docs: `Opens ${format} files: a path, a directory, a glob or a list. The interface says which columns there are.`,
  example: `await ${name}<Trip>(path)`,
  on: "module",
  role: "reader",
  told: new Set(["bigint", "bigint[]"]),
  signature: [
    { kind: "scalar", name: "path", optional: false, takes },
    { kind: "scalar", name: "options", optional: true, default: "{}", ...(options && { options }) },
  ],
  type: (i) => (i.declared === null ? null : { row: i.declared, groups: null }),
  distribution: () => BLOCK,
  communicates: () => "file metadata, once (Bcast)",
  order: () => "ignores",
  rowwise: false,
  repeatable: format === "Parquet" || format === "Arrow IPC" || format === "Iceberg" || format === "literal",
  demands: () => [],
  lower: (i) => ({
    method: name,
    descriptor: { columns: columnTypes(scanned(i)), declared: columnTypes(i.declared ?? []), ...pushedFilter(i), ...besides(i), ...(i.limit !== null && { limit: i.limit }) },
  }),
});

export const readParquet = reader("readParquet", "Parquet", optionsOf.readParquet);
export const readArrow = reader("readArrow", "Arrow IPC", optionsOf.readArrow);
export const readCsv = reader("readCsv", "CSV", optionsOf.readCsv);
export const readJsonLines: Verb = {
  ...reader("readJsonLines", "JSON Lines", optionsOf.readJsonLines),
  example: 'await readJsonLines<{ id: bigint; at: Date }>(path, { types: { id: "bigint", at: "date" } })',
  told: new Set(["bigint", "date", "bigint[]", "date[]"]),
};

export const readIceberg: Verb = {
  ...reader("readIceberg", "Iceberg", optionsOf.readIceberg, "path"),
  docs: "Opens an Iceberg table: its folder or a metadata file, now, at a snapshot, a time, a branch or a tag. The interface says which columns there are.",
  example: "await readIceberg<Trip>(path, { asOf: new Date(day) })",
};

export const readPostgres: Verb = {
  ...reader("readPostgres", "PostgreSQL"),
  docs: "Reads a table, a view or a query of PostgreSQL as it is at one moment. Where the database is and the password the environment says: DATABASE_URL, PGHOST, PGUSER, PGPASSWORD, PGSERVICE, ~/.pgpass.",
  example: 'await readPostgres<Trip>("taxi.trips")',
  signature: [
    { kind: "scalar", name: "path", optional: false, takes: "table" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.readPostgres },
  ],
  communicates: () => "what rank 0 finds out of the table, once (Bcast)",
};

export const readFlightSql: Verb = {
  ...reader("readFlightSql", "Flight SQL"),
  docs: "Reads a table or a query of a server of Arrow Flight SQL: its endpoints are dealt over the ranks. The login the environment says: LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD.",
  example: 'await readFlightSql<Trip>("taxi.trips", { url: "grpc+tls://db.example:31337" })',
  signature: [
    { kind: "scalar", name: "path", optional: false, takes: "table" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.readFlightSql },
  ],
  communicates: () => "what the server tells rank 0 of the rows, once (Bcast)",
  limited: true,
};

export const readSnowflake: Verb = {
  ...reader("readSnowflake", "Snowflake"),
  docs: "Reads a table or a query of Snowflake: the chunks of its result are dealt over the ranks. Who reads the environment says, by the names of Snowflake's drivers: SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER, SNOWFLAKE_PASSWORD or SNOWFLAKE_PRIVATE_KEY_PATH, SNOWFLAKE_WAREHOUSE.",
  example: 'await readSnowflake<Trip>("taxi.public.trips", { warehouse: "REPORTS" })',
  signature: [
    { kind: "scalar", name: "path", optional: false, takes: "table" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.readSnowflake },
  ],
  communicates: () => "what the query has told rank 0 of the rows, once (Bcast)",
  limited: true,
};

export const readAdbc: Verb = {
  ...reader("readAdbc", "ADBC"),
  docs: "Reads a table or a query by a driver of ADBC, a library that the program names: the driver's parts of the result are dealt over the ranks, and rows that have none, which the first reads, are dealt evenly once all have come. The login the environment says: LOCKSTEP_ADBC_URI, LOCKSTEP_ADBC_USERNAME, LOCKSTEP_ADBC_PASSWORD, LOCKSTEP_ADBC_OPTIONS; or of one driver alone LOCKSTEP_ADBC_SQLITE_URI and so on.",
  example: 'await readAdbc<Trip>("select * from trips", { driver: "sqlite", uri: "data/taxi.db" })',
  signature: [
    { kind: "scalar", name: "path", optional: false, takes: "table" },
    { kind: "scalar", name: "options", optional: false, options: optionsOf.readAdbc },
  ],
  communicates: () => "what the driver tells rank 0 of the rows, once (Bcast); rows that come to it alone (Scatterv)",
  limited: true,
};

export const readSource: Verb = {
  ...reader("readSource", "source"),
  docs: "Reads a source that the program brings itself (`defineSource`): its chunks are dealt over the ranks, and every rank reads its own. The interface says which columns there are.",
  example: "await readSource<Trip>(feed({ url: path }))",
  signature: [
    { kind: "scalar", name: "source", optional: false },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.readSource },
  ],
  communicates: () => "what there is, found by rank 0 (Bcast); how reading has ended (Allgather)",
};

export const table: Verb = {
  ...reader("table", "literal"),
  docs: "A small table of values the program has: columns by name.",
  example: 'table({ zone: ["JFK", "LGA"], fee: [2.5, 1.25] })',
  role: "verb",
  signature: [{ kind: "data" }],
  distribution: (i) => replicated("a table literal is on every rank", i.span),
  communicates: silent,
  lower: (i) => ({ method: "table", descriptor: { columns: columnTypes(scanned(i)), declared: columnTypes(i.declared ?? []) } }),
};
