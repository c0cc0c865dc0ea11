/** Plain Node's writes to PostgreSQL. */
import { LockstepError } from "../../errors/index.ts";
import { parseType } from "../../tables/arrow-type.ts";
import { castColumn } from "../../tables/cast.ts";
import type { Column, Stored } from "../../tables/column.ts";
import type { Columns } from "../../tables/row.ts";
import { checkOptions } from "../options.ts";
import { checkDatabaseWrite, type DatabaseMode, type DatabaseWriteOptions, type Statements } from "../database/write.ts";
import { nameOf } from "../sql.ts";
import { arrayOf } from "./array.ts";
import { PostgresWrite, type Staging } from "./commit.ts";
import { openSession, quoted } from "./session.ts";
import { findTarget, type Target } from "./target.ts";
import { printed } from "./print.ts";

/** Options of writePostgres. */
export interface WritePostgresOptions<Row> {
  /** A table that is there: an error ("create", where nothing is said), added to, emptied before, or rows of the same key changed ("merge"). All but "create" make the table if there is none. */
  readonly mode?: DatabaseMode;
  /** Of a merge: the columns by which rows are the same. Rows with null there are new ones. */
  readonly on?: readonly (keyof Row & string)[];
  /** Where the database is: `postgres://host/database`, without a password. What it leaves out the environment says, by libpq's names. */
  readonly url?: string;
  /** Sessions with the server at most, over all ranks: 8; one of them commits. */
  readonly connections?: number;
  /** Columns written as another Arrow type: `{ id: "int64", price: "decimal128(12, 2)" }`. */
  readonly types?: { readonly [K in keyof Row & string]?: string };
}

/** Rows of a statement, and the characters of their values at which it has enough. */
const [ROWS, CHARACTERS] = [5000, 8 << 20];

/** See Table.writePostgres. */
export async function writePostgres(columns: Columns, rows: number, table: string, options: WritePostgresOptions<never>): Promise<void> {
  checkWritePostgres(table, options);
  const target = findTarget(options.url);
  const write = await PostgresWrite.open(target.name, () => statementsOf(target));
  await write.whole(table, [...columns].map(([name, { type }]) => ({ name, type })), options, async (staging) => {
    await copy(write, staging, columns, rows);
    return undefined;
  });
}

/** LS2015, LS2016 what a write says of itself. */
export function checkWritePostgres(table: string, options: WritePostgresOptions<never> | undefined, site?: string): void {
  checkOptions("writePostgres", options, site);
  const wrong = checkDatabaseWrite("writePostgres", table, (options ?? {}) as DatabaseWriteOptions, site);
  const { connections = 8 } = options ?? {};
  if (connections < 2) throw wrong("LS2015", "connections: two is the least: one session commits, the other writes", "Leave the option out.");
}

async function statementsOf(target: Target): Promise<Statements> {
  const session = await openSession(target, "written");
  return { rows: async (table, sql) => (await session.ask(table, sql)).rows ?? [], end: () => session.end() };
}

/** Each column of some rows is an array of texts, which the server reads. */
async function copy(write: PostgresWrite, { path, staging, columns, casts }: Staging, from: Columns, rows: number): Promise<void> {
  const own = columns.map(({ name, type, wire }) => textsOf(path, name, castColumn(name, from.get(name)!, parseType(type)), wire));
  const list = columns.map(({ name }) => nameOf(name)).join(", ");
  const taken = casts.map((cast, at) => `c${at}${cast === "" ? "" : `::${cast}`}`).join(", ");
  const names = own.map((_, at) => `c${at}`).join(", ");
  for (let row = 0; row < rows; ) {
    const texts = own.map((): (string | null)[] => []);
    for (let [count, size] = [0, 0]; row < rows && count < ROWS && size < CHARACTERS; row++, count++) {
      own.forEach((textOf, at) => {
        const text = textOf(row);
        texts[at]!.push(text);
        size += text?.length ?? 0;
      });
    }
    const arrays = texts.map((column) => `${quoted(arrayOf(column))}::text[]`);
    await write.run(path, `INSERT INTO ${staging} (${list}) SELECT ${taken} FROM unnest(${arrays.join(", ")}) AS source (${names})`);
  }
}

/** The texts of a column's values. LS2015: a value that PostgreSQL does not have. */
function textsOf(path: string, name: string, { type, values }: Column, wire: string): (row: number) => string | null {
  const print = printed(type.id === "list" ? type.of : type);
  const textOf = (value: Stored, row: number): string | null => {
    if (value === null) return null;
    const text = print(value);
    if (text === undefined || text.includes("\0")) {
      const what = text === undefined ? "a date before 4713 BC or past PostgreSQL's last" : `the character U+0000 behind ${JSON.stringify(text.slice(0, text.indexOf("\0")).slice(-20))}, which PostgreSQL's texts cannot hold`;
      throw new LockstepError({ code: "LS2015", message: `${path}: column ${name} has ${what}, in row ${row}` });
    }
    if (wire === "uuid" && !isUuid(text)) throw new LockstepError({ code: "LS2015", message: `${path}: column ${name} has ${JSON.stringify(text)}, which is no uuid, in row ${row}` });
    return text;
  };
  if (type.id !== "list") return (row) => textOf(values[row]!, row);
  return (row) => {
    const value = values[row] as readonly Stored[] | null;
    return value && arrayOf(value.map((element) => textOf(element, row)));
  };
}

/** As PostgreSQL reads it: hyphens behind any four digits, braces around all. */
const isUuid = (text: string): boolean => /^(\{[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}\}|[0-9a-f]{4}(?:-?[0-9a-f]{4}){7})$/i.test(text);
