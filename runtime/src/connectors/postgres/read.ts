import { asKey } from "../../errors/fixes.ts";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { Column, unsupportedType, type Stored } from "../../tables/column.ts";
import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { checkOptions } from "../options.ts";
import type { SourceColumn } from "../source-column.ts";
import { isQuery, nameOf } from "../sql.ts";
import { exactly } from "../typed-files.ts";
import { elementIn, findRelation, type Relation } from "./relation.ts";
import { openSession, type Session } from "./session.ts";
import { findTarget } from "./target.ts";
import { takenOf, Wrong, type Described, type PostgresType, type Taken } from "./types.ts";

/** Options of {@link readPostgres}. */
export interface ReadPostgresOptions<Row> {
  /** Where the database is: `postgres://host/database`, without a password. What it leaves out the environment says, by libpq's names. */
  readonly url?: string;
  /** Columns seen otherwise than by default: an int8 column as "bigint", a numeric one as "number", any as "string" (as PostgreSQL prints it); of arrays "bigint[]", "number[]", "string[]". */
  readonly types?: { readonly [K in keyof Row & string]?: PostgresType };
  /** A column of integers, dates or timestamps by whose ranges ranks read a view or a query at the same time; rows stand in its order then. */
  readonly partitionBy?: string;
  /** Sessions with the server at most, over all ranks: 8; one of them holds the snapshot that the others read. */
  readonly connections?: number;
}

/**
 * Reads a table, a view or a query of PostgreSQL, as it is at one moment.
 *
 * Rows of a table stand in the order in which they lie there, those of partitions in order of the partitions' names; a query's stand
 * in its own. Where the database is, and the password, the environment says: DATABASE_URL, PGHOST, PGUSER, PGPASSWORD, PGSERVICE,
 * ~/.pgpass. LS2001, LS2002, LS2015, LS2020, LS2021.
 */
export async function readPostgres<Row extends object = Record<never, never>>(table: string, options: ReadPostgresOptions<Row> = {}): Promise<Table<StoredRow<Row>>> {
  checkOptions("readPostgres", options);
  return inSnapshot(table, options, async (session, source, relation, described) => {
    const said = new Map(Object.entries<PostgresType | undefined>(options.types ?? {}));
    for (const name of said.keys()) {
      if (!described.some((column) => column.name === name)) throw new LockstepError({ code: "LS2002", message: `types: ${source} has no column "${name}"${didYouMean(name, described.map((column) => column.name))}` });
    }
    const columns = described.map((column) => ({ name: column.name, taken: takenOf(column, said.get(column.name), source) }));
    const read = columns.filter(({ taken }) => taken.parse !== undefined);
    const selected = read.map(({ name, taken }) => nameOf(name) + (taken.cast === undefined ? "" : `::${taken.cast}`)).join(", ");
    const rows: (readonly (string | null)[])[] = [];
    for (const from of relation.parts) for (const row of (await session.ask(source, `SELECT ${selected} FROM ${from}`)).rows) rows.push(row);
    return new Table(new Map(columns.map(({ name, taken }) => [name, columnOf(name, taken, source, rows, read.findIndex((one) => one.name === name))])), rows.length);
  });
}

/** The columns of a table, a view or a query; of a table PostgreSQL knows which are never null. */
export async function describePostgres(table: string, url: string | undefined): Promise<SourceColumn[]> {
  return inSnapshot(table, { url }, async (session, source, relation, described) => {
    const never = new Set(relation.oid === undefined ? [] : (await session.ask(source, `SELECT attname FROM pg_attribute WHERE attrelid = ${relation.oid} AND attnum > 0 AND attnotnull`)).rows.map(([name]) => name));
    return described.map((column) => ({ name: column.name, type: takenOf(column, undefined, source).type, nullable: !never.has(column.name) }));
  });
}

async function inSnapshot<T>(
  table: string,
  { url, partitionBy, connections = 8 }: { readonly url?: string | undefined; readonly partitionBy?: string; readonly connections?: number },
  body: (session: Session, source: string, relation: Relation, described: readonly Described[]) => Promise<T>,
): Promise<T> {
  if (typeof table !== "string" || table.trim() === "") throw new LockstepError({ code: "LS2015", message: `readPostgres takes the name of a table, or a query, not ${table === "" ? "an empty text" : typeof table}` });
  if (connections < 2) throw new LockstepError({ code: "LS2015", message: "connections: two is the least: one session holds the snapshot, the other reads" });
  const target = findTarget(url);
  const session = await openSession(target);
  try {
    const source = isQuery(table) ? `the query in ${target.name}` : `${table} in ${target.name}`;
    await session.ask(source, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const relation = await findRelation(session, source, table, isQuery(table));
    const described = await describe(session, source, relation.from);
    if (partitionBy !== undefined) return await body(session, source, byKey(relation, partitionBy, described, source), described);
    // Rows come as they lie there, not as an index has them.
    if (relation.lies) for (const name of ["enable_indexscan", "enable_indexonlyscan"]) await session.ask(source, `SET LOCAL ${name} = off`);
    return await body(session, source, relation, described);
  } finally {
    await session.end();
  }
}

async function describe(session: Session, source: string, from: string): Promise<Described[]> {
  const { fields } = await session.ask(source, `SELECT * FROM ${from} LIMIT 0`);
  if (fields.length === 0) return [];
  const asked = fields.map(({ dataTypeID, dataTypeModifier }, place) => `(${place}, ${dataTypeID}::oid, ${dataTypeModifier})`).join(", ");
  const { rows } = await session.ask(source, `SELECT format_type(t.oid, asked.modifier), t.typtype, e.oid, e.modifier, format_type(e.oid, e.modifier), e.typtype
    FROM (VALUES ${asked}) AS asked (place, oid, modifier) JOIN pg_type t ON t.oid = asked.oid ${elementIn("t.oid", "asked.modifier")} ORDER BY asked.place`);
  return fields.map(({ name, dataTypeID, dataTypeModifier }, index) => {
    if (fields.findIndex((field) => field.name === name) < index) throw new LockstepError({ code: "LS2002", message: `${source}: two columns are called "${name}"`, fix: "Name them apart with AS." });
    const [printed, kind, element, modifier, printedElement, kindOfElement] = rows[index]!;
    return {
      name, oid: dataTypeID, modifier: dataTypeModifier, printed: printed!, labels: kind === "e",
      element: element ? { oid: Number(element), modifier: Number(modifier), printed: printedElement!, labels: kindOfElement === "e" } : undefined,
    };
  });
}

/** Integers, dates, timestamps. */
const ranged: ReadonlySet<number> = new Set([20, 21, 23, 1082, 1114, 1184]);

function byKey(relation: Relation, column: string, described: readonly Described[], source: string): Relation {
  const found = described.find(({ name }) => name === column);
  if (found === undefined) throw new LockstepError({ code: "LS2002", message: `partitionBy: ${source} has no column "${column}"${didYouMean(column, described.map(({ name }) => name))}` });
  if (!ranged.has(found.oid)) throw new LockstepError({ code: "LS2015", message: `partitionBy: column ${column} of ${source} is ${found.printed}; ranges are made of integers, dates and timestamps` });
  return { ...relation, parts: [`${relation.from} ORDER BY source.${nameOf(column)}`] };
}

function columnOf(name: string, { type, view, parse }: Taken, source: string, rows: readonly (readonly (string | null)[])[], place: number): Column {
  const origin = `the column "${name}" of ${source}`;
  const asText = `Read it as PostgreSQL prints it: types: { ${asKey(name)}: "string" }.`;
  const remedy = exactly(type, name) ?? asText;
  if (parse === undefined) {
    const column: Column = new Column(type, rows.length, () => { throw unsupportedType(column, "looked at"); }, { view, origin, remedy });
    return column;
  }
  const load = (): Stored[] => rows.map((row, index) => {
    const text = row[place]!;
    const value = text === null ? null : parse(text);
    if (value instanceof Wrong) throw new LockstepError({ code: "LS2015", message: `${source}: column ${name} has ${value.what}, in row ${index}`, fix: asText });
    return value;
  });
  return new Column(type, rows.length, load, { view, origin, remedy });
}
