import { LockstepError } from "../../errors/index.ts";
import type { View } from "../../tables/js-view.ts";
import type { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { checkOptions } from "../options.ts";
import type { SourceColumn } from "../source-column.ts";
import { isQuery } from "../sql.ts";
import { tableOf } from "../typed-files.ts";
import type { Place } from "./place.ts";
import { filesOf, typeOf } from "./result.ts";
import { openSession, type ResultColumn, type Session } from "./session.ts";
import { findTarget } from "./target.ts";

/** Options of {@link readSnowflake}. */
export interface ReadSnowflakeOptions<Row> extends Place {
  /** Columns seen otherwise than by default: a column of whole numbers as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" };
  /** Connections with the store of the result at most, over all ranks: 8. */
  readonly connections?: number;
}

/**
 * Reads a table or a query of Snowflake: a table's name as SQL writes it there, or a text that begins as a statement does.
 *
 * Rows stand in the order of the result. Who reads the environment says: SNOWFLAKE_USER, and SNOWFLAKE_PASSWORD or
 * SNOWFLAKE_PRIVATE_KEY_PATH. LS2001, LS2002, LS2005, LS2015, LS2020, LS2021.
 */
export async function readSnowflake<Row extends object = Record<never, never>>(table: string, options: ReadSnowflakeOptions<Row> = {}): Promise<Table<StoredRow<Row>>> {
  checkOptions("readSnowflake", options);
  return inSession(table, options, async (session, source) => {
    const result = await session.run(source, isQuery(table) ? queryOf(table) : `SELECT * FROM ${table.trim()}`);
    checkNames(source, result.columns);
    const files = await filesOf(source, result, options.connections ?? 8);
    return tableOf([], files, result.columns.map(({ name }) => name), options.types as Readonly<Record<string, View | undefined>> | undefined) as unknown as Table<StoredRow<Row>>;
  });
}

/** The columns of a table or a query; the statement is not run. */
export async function describeSnowflake(table: string, account: string | undefined): Promise<SourceColumn[]> {
  return inSession(table, account === undefined ? {} : { account }, async (session, source) => (await describe(session, source, table)).map((column) => ({ name: column.name, type: typeOf(column), nullable: column.nullable })));
}

/** LS2015 for two columns of one name. */
export async function describe(session: Session, source: string, table: string): Promise<readonly ResultColumn[]> {
  const columns = await session.describe(source, isQuery(table) ? queryOf(table) : `SELECT * FROM ${table.trim()}`);
  checkNames(source, columns);
  return columns;
}

/** `body` with a session, and what is read as messages name it. LS2015, LS2020, LS2021. */
export async function inSession<T>(table: string, place: Place, body: (session: Session, source: string) => Promise<T>): Promise<T> {
  if (typeof table !== "string" || table.trim() === "") throw new LockstepError({ code: "LS2015", message: `readSnowflake takes the name of a table, or a query, not ${table === "" ? "an empty text" : typeof table}` });
  const target = findTarget(place);
  const session = await openSession(target);
  try {
    return await body(session, isQuery(table) ? `the query at ${target.name}` : `${table.trim()} at ${target.name}`);
  } finally {
    await session.close();
  }
}

const queryOf = (text: string): string => text.trim().replace(/;+$/, "").trimEnd();

function checkNames(source: string, columns: readonly ResultColumn[]): void {
  const twice = columns.find(({ name }, index) => columns.findIndex((other) => other.name === name) < index);
  if (twice) throw new LockstepError({ code: "LS2015", message: `${source} has two columns "${twice.name}"`, fix: "Name them apart with AS." });
}
