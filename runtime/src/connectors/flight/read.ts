import { LockstepError } from "../../errors/index.ts";
import { arrowType } from "../../tables/ipc.ts";
import type { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { messagesFile } from "../arrow/read.ts";
import { checkOptions } from "../options.ts";
import type { SourceColumn } from "../source-column.ts";
import { isQuery } from "../sql.ts";
import { tableOf } from "../typed-files.ts";
import type { View } from "../../tables/js-view.ts";
import { openClient, type Client, type FlightData, type FlightInfo } from "./client.ts";
import { findTarget, parseTarget, type Target } from "./target.ts";

/** Options of {@link readFlightSql}. */
export interface ReadFlightSqlOptions<Row> {
  /** Where the server is: `grpc+tls://host:port`, or `grpc://host:port` where nothing is encrypted; else LOCKSTEP_FLIGHT_URL says it. */
  readonly url?: string;
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" | "bigint[]" | "number[]" | "string[]" | "boolean[]" | "date[]" };
  /** Connections with servers at most, over all ranks, when rows are read: 8. */
  readonly connections?: number;
}

/**
 * Reads a table or a query of a server of Arrow Flight SQL: a table's name as SQL writes it there, or a text that begins as a statement does.
 *
 * Rows stand in the order of the endpoints at which the server says they are. The login the environment says: LOCKSTEP_FLIGHT_TOKEN,
 * or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD. LS2001, LS2002, LS2005, LS2015, LS2020, LS2021.
 */
export async function readFlightSql<Row extends object = Record<never, never>>(table: string, options: ReadFlightSqlOptions<Row> = {}): Promise<Table<StoredRow<Row>>> {
  checkOptions("readFlightSql", options);
  return asking(table, options.url, async (client, source) => {
    const files = await filesOf(client, source, isQuery(table) ? queryOf(table) : `SELECT * FROM ${table.trim()}`);
    return tableOf([], files, files[0]!.columns.keys(), options.types as Readonly<Record<string, View | undefined>> | undefined) as unknown as Table<StoredRow<Row>>;
  });
}

/** The columns of a table or a query, as an empty result has them. */
export async function describeFlightSql(table: string, url: string | undefined): Promise<SourceColumn[]> {
  return asking(table, url, async (client, source) => {
    const from = isQuery(table) ? `(\n${queryOf(table)}\n) AS source` : table.trim();
    const [file] = await filesOf(client, source, `SELECT * FROM ${from} WHERE 1 = 0`);
    return file!.fields.map((field) => ({ name: field.name, type: arrowType(field), nullable: field.nullable }));
  });
}

const queryOf = (text: string): string => text.trim().replace(/;+$/, "").trimEnd();

async function asking<T>(table: string, url: string | undefined, body: (client: Client, source: string) => Promise<T>): Promise<T> {
  if (typeof table !== "string" || table.trim() === "") throw new LockstepError({ code: "LS2015", message: `readFlightSql takes the name of a table, or a query, not ${table === "" ? "an empty text" : typeof table}` });
  const target = findTarget(url);
  const client = await openClient(target);
  try {
    return await body(client, isQuery(table) ? `the query at ${target.name}` : `${table.trim()} at ${target.name}`);
  } finally {
    client.close();
  }
}

type Rows = ReturnType<typeof messagesFile>;

/** The rows of a query, a file an endpoint; at least one, which may have none. */
async function filesOf(client: Client, source: string, sql: string): Promise<Rows[]> {
  const info = await client.ask(source, sql);
  const files: Rows[] = [];
  for (const [index, endpoint] of info.endpoint.entries()) {
    const all = info.endpoint.length;
    const target = targetOf(source, client.target, endpoint);
    const part = `${source}, endpoint ${index + 1} of ${all} at ${target.name}`;
    const other = target === client.target ? client : await openClient(target);
    try {
      const pieces: Uint8Array[] = [];
      for await (const data of other.get(part, endpoint.ticket?.ticket ?? new Uint8Array())) pieces.push(...framed(data));
      if (pieces.length > 0) files.push(inMemory(all > 1 ? part : source, Buffer.concat(pieces)));
    } finally {
      if (other !== client) other.close();
    }
  }
  return files.length > 0 ? files : [inMemory(source, info.schema)];
}

const inMemory = (name: string, bytes: Uint8Array): Rows => messagesFile(name, (start, end) => bytes.slice(start, end), bytes.length, false);

/** A server of the endpoint's rows; the one that was asked is told by no place, or by one that stands for it. */
function targetOf(source: string, server: Target, { location }: FlightInfo["endpoint"][number]): Target {
  if (location.length === 0 || location.some(({ uri }) => uri === "" || uri.startsWith("arrow-flight-reuse-connection:"))) return server;
  // A place may be of another protocol, or no URL at all: another one of the endpoint will do.
  const targets = location.flatMap(({ uri }) => parseTarget(uri) ?? []);
  // A login that was to be encrypted is sent to nobody openly.
  const target = targets.find(({ encrypted }) => encrypted || !server.encrypted);
  if (target === undefined) throw new LockstepError({ code: "LS2015", message: `${source}: the rows are where they cannot be had: at no place of grpc+tls://${server.encrypted ? ", as the server is" : " or grpc://"}` });
  return target.name === server.name ? server : target;
}

/** Header and body as they stand in a stream of Arrow IPC; without a header it is for applications. */
function framed({ data_header: header, data_body: body }: FlightData): Uint8Array[] {
  if (header.length === 0) return [];
  const length = Math.ceil(header.length / 8) * 8;
  const before = Buffer.alloc(8 + length);
  before.writeInt32LE(-1, 0);
  before.writeInt32LE(length, 4);
  before.set(header, 8);
  return [before, body];
}
