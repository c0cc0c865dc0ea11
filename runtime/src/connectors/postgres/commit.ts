/**
 * Writes to PostgreSQL, for both executions, over a session of the driver's or the addon's:
 *
 *     CREATE UNLOGGED TABLE lockstep_stage_… ─ rows ─ … ─► BEGIN; INSERT INTO target SELECT … FROM lockstep_stage_…; COMMIT
 *
 * The session that made them holds a lock of each one's name: a table of that kind whose lock is free is what a killed job has left, and the
 * next write into its schema drops it. A server that crashes empties unlogged tables, and ends the session: nothing is committed in another one.
 */
import { randomBytes } from "node:crypto";
import type { CopiedColumn } from "@lockstep/native/plan";
import { asKey } from "../../errors/fixes.ts";
import { LockstepError } from "../../errors/index.ts";
import { printType, type ArrowType } from "../../tables/arrow-type.ts";
import { DatabaseWrite, type DatabaseStaging, type Fitted, type Found, type Known, newColumnFix, REMEMBERED, type RowColumn, type Statement, type Statements } from "../database/write.ts";
import { nameOf, type Part } from "../sql.ts";
import { elementIn, spellings } from "./relation.ts";
import { quoted } from "./session.ts";
import { digitsOf, fitting, newColumn, type PostgresColumn, remedyFor, wireOf } from "./wire.ts";

/** Where the rows of one statement go. */
export interface Staging extends DatabaseStaging {
  readonly columns: CopiedColumn[];
  /** By column: the type that a text is cast to, "" where texts are taken as they are. */
  readonly casts: string[];
}

/** The first number of the locks that tell whose tables are whose, and of those that make tables by turns. */
const [STAGING, MAKING] = [0x4c4f434b, 0x4c4f434c];
/** For how long a transaction waits for others that change its tables. */
const LOCKED = "10min";

export class PostgresWrite extends DatabaseWrite<PostgresColumn, Staging, Statements> {
  protected readonly product = "PostgreSQL";
  readonly #connect: () => Promise<Statements>;
  readonly #stagings: { schema: string; name: string }[] = [];

  /** LS2001, LS2015, LS2020, LS2021. */
  static async open(database: string, connect: () => Promise<Statements>, identity?: string): Promise<PostgresWrite> {
    return new PostgresWrite(database, connect, await connect(), identity);
  }

  private constructor(database: string, connect: () => Promise<Statements>, session: Statements, identity: string | undefined) {
    super(database, session, identity);
    this.#connect = connect;
  }

  /** For plain Node: INSERTs into the staging table. */
  run(path: string, sql: string): Promise<unknown> {
    return this.session.rows(path, sql);
  }

  async abort(): Promise<void> {
    const drop = async (): Promise<void> => {
      for (const { schema, name } of this.#stagings) await this.session.rows(this.database, `DROP TABLE IF EXISTS ${schema}.${name}`);
    };
    await drop().catch(async () => {
      await this.session.end();
      this.session = await this.#connect();
      await drop();
    }).catch(() => undefined); // The next write drops them.
    this.#stagings.length = 0;
    await this.session.end().catch(() => undefined);
  }

  protected async find(path: string, table: string, parts: readonly Part[] | undefined): Promise<Found> {
    if (parts === undefined || parts.length > 2) throw new LockstepError({ code: "LS2015", message: `"${table}" is no name of a table: write "schema.table"; the database stands in the URL` });
    const [exact, folded] = spellings(parts);
    const [found] = await this.session.rows(path, `SELECT c.oid, c.relkind, quote_ident(n.nspname), quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = coalesce(to_regclass(${exact}), to_regclass(${folded}))`);
    if (found) {
      const [oid, kind, schema, name] = found as [string, string, string, string];
      if (kind !== "r" && kind !== "p") throw new LockstepError({ code: "LS2015", message: `${path} is no table (a view, a foreign table), and is not written` });
      return { id: oid, schema, name };
    }
    // As SQL takes names without quotes.
    const [own, named] = [parts.at(-1)!, parts.length === 2 ? parts[0] : undefined].map((part) => part && (part.isQuoted ? part.text : part.text.toLowerCase()));
    checkName(path, own!);
    const [[schema] = []] = await this.session.rows(path, `SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname = ${named === undefined ? "current_schema()" : quoted(named)}`);
    if (!schema) throw new LockstepError({ code: "LS2001", message: named === undefined ? `${path}: the user has no schema to make it in` : `${path}: there is no schema "${named}"`, fix: "CREATE SCHEMA, or write another one." });
    return { schema, name: `${schema}.${nameOf(own!)}`, id: undefined };
  }

  protected async columns(path: string, id: string): Promise<PostgresColumn[]> {
    const rows = await this.session.rows(path, `SELECT a.attname, coalesce(e.oid, s.oid), format_type(a.atttypid, a.atttypmod), format_type(s.oid, NULL), format_type(coalesce(e.oid, s.oid), NULL),
      coalesce(e.modifier, s.modifier), coalesce(e.typtype, s.typtype) = 'e', el.oid, a.attnotnull OR t.typnotnull, a.atthasdef OR t.typdefault IS NOT NULL, a.attidentity, a.attgenerated
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
      CROSS JOIN LATERAL (SELECT coalesce(b.oid, t.oid) AS oid, coalesce(b.typtype, t.typtype) AS typtype, CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END AS modifier) AS s
      LEFT JOIN pg_type el ON el.typarray = s.oid ${elementIn("s.oid", "s.modifier")} WHERE a.attrelid = ${id} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`);
    return (rows as string[][]).map((row): PostgresColumn => {
      const [name, type, printed, base, inner, modifier, labels, element, notNull, hasDefault, identity, generated] = row as [string, string, string, string, string, string, string, string | null, string, string, string, string];
      return {
        name, type: printed, base, wire: wireOf(Number(type), inner, labels === "t"), element: element === null ? undefined : Number(element), digits: digitsOf(Number(modifier)), isNotNull: notNull === "t",
        isRequired: notNull === "t" && hasDefault === "f" && identity === "" && generated === "", isGenerated: identity === "a" || generated !== "",
      };
    });
  }

  protected newColumn(path: string, { name, type }: RowColumn): { column: PostgresColumn | undefined; fix: string } {
    checkName(path, name);
    return { column: newColumn(name, type), fix: typed(name, type) ?? newColumnFix(name, type) };
  }

  protected fitting(type: ArrowType, column: PostgresColumn): ArrowType | undefined {
    return fitting(type, column);
  }

  protected remedyFor(name: string, type: ArrowType, column: PostgresColumn): string {
    return remedyFor(name, type, column);
  }

  protected override async checkMerges(path: string): Promise<void> {
    const [[version] = []] = await this.session.rows(path, "SHOW server_version_num");
    if (Number(version) < 150_000) throw new LockstepError({ code: "LS2015", message: `${path}: the server is older than PostgreSQL 15, which has MERGE`, fix: 'Write with mode "append" into a table of your own, and merge it there.' });
  }

  protected override checkKeys(path: string, keys: readonly Fitted<PostgresColumn>[]): void {
    const key = keys.find(({ column }) => column.element !== undefined);
    if (key) throw new LockstepError({ code: "LS2015", message: `${path}: the column "${key.name}" is ${key.column.type}, and arrays are no keys`, fix: "Merge by another column." });
  }

  protected async stage(table: Known<PostgresColumn>, columns: readonly Fitted<PostgresColumn>[]): Promise<Staging> {
    const { path, schema } = table;
    if (!this.#stagings.some((own) => own.schema === schema)) await this.#sweep(path, schema);
    const name = `lockstep_stage_${randomBytes(16).toString("hex")}`;
    const list = columns.map(({ column }) => `${nameOf(column.name)} ${column.type}`).join(", ");
    await this.session.rows(path, `SELECT pg_advisory_lock(${STAGING}, hashtext('${name}'))`);
    this.#stagings.push({ schema, name });
    // Together, so that one which cannot be told from others' is never there; of a table, so that texts are compared as there.
    const like = table.isNew ? `(${list})` : `AS SELECT ${columns.map(({ column }) => nameOf(column.name)).join(", ")} FROM ${table.name} WITH NO DATA`;
    const notNull = columns.filter(({ column }) => column.isNotNull).map(({ column }) => `ALTER ${nameOf(column.name)} SET NOT NULL`);
    await this.session.rows(path, [
      `CREATE UNLOGGED TABLE ${schema}.${name} ${like}`,
      ...(notNull.length > 0 ? [`ALTER TABLE ${schema}.${name} ${notNull.join(", ")}`] : []),
      `COMMENT ON TABLE ${schema}.${name} IS ${quoted(`Rows that Lockstep writes into ${table.name}. If their program is gone, the next write into this schema drops it.`)}`,
    ].join("; "));
    return {
      path, staging: `${schema}.${name}`,
      columns: columns.map(({ column: { name, wire, element }, type }) => ({ name, type: printType(type), wire: wire!, ...(element !== undefined && { element }) })),
      casts: columns.map(({ column }) => castTo(column)),
    };
  }

  /** Drops what killed jobs have left in a schema that has nothing of this write yet. */
  async #sweep(path: string, schema: string): Promise<void> {
    const found = await this.session.rows(path, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE quote_ident(n.nspname) = ${quoted(schema)} AND c.relkind = 'r'
      AND c.relpersistence = 'u' AND c.relname ~ '^lockstep_stage_[0-9a-f]{32}$' AND pg_has_role(c.relowner, 'USAGE') AND obj_description(c.oid, 'pg_class') LIKE 'Rows that Lockstep writes into %'`);
    for (const [name] of found) {
      const [[free] = []] = await this.session.rows(path, `SELECT pg_try_advisory_lock(${STAGING}, hashtext('${name}'))`);
      if (free !== "t") continue;
      await this.session.rows(path, `DROP TABLE IF EXISTS ${schema}.${name}`);
      await this.session.rows(path, `SELECT pg_advisory_unlock(${STAGING}, hashtext('${name}'))`);
    }
  }

  protected async twice({ table: { path }, staging, on }: Statement<PostgresColumn>): Promise<readonly (string | null)[] | undefined> {
    // What the planner of the merge knows of it then.
    await this.session.rows(path, `ANALYZE ${staging}`);
    const keys = on.map(nameOf);
    const [twice] = await this.session.rows(path, `SELECT ${keys.map((key) => `${key}::text`).join(", ")} FROM ${staging} WHERE ${keys.map((key) => `${key} IS NOT NULL`).join(" AND ")} GROUP BY ${keys.join(", ")} HAVING count(*) > 1 LIMIT 1`);
    return twice;
  }

  protected async isRemembered(path: string, table: string, identity: string): Promise<boolean> {
    const isThere = async (): Promise<boolean> => (await this.session.rows(path, `SELECT to_regclass(${quoted(table)}) IS NOT NULL`))[0]![0] === "t";
    if (!(await isThere())) {
      const make = this.session.rows(path, `CREATE TABLE IF NOT EXISTS ${table} (id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`);
      // Two may make it at once.
      await make.catch(async (error: unknown) => { if (!(await isThere())) throw error; });
    }
    return (await this.session.rows(path, `SELECT 1 FROM ${table} WHERE id = ${quoted(identity)}`)).length > 0;
  }

  protected async remember(path: string, table: string, identity: string): Promise<boolean> {
    await this.session.rows(path, `DELETE FROM ${table} WHERE at < now() - interval '${REMEMBERED} days'`);
    return (await this.session.rows(path, `INSERT INTO ${table} (id) VALUES (${quoted(identity)}) ON CONFLICT DO NOTHING RETURNING id`)).length > 0;
  }

  protected async begin(path: string): Promise<void> {
    await this.session.rows(path, "BEGIN ISOLATION LEVEL READ COMMITTED");
    await this.session.rows(path, `SET LOCAL lock_timeout = '${LOCKED}'`);
  }

  /** Who replaces or merges keeps other writers out, but no reader. */
  protected *sqlOf({ table, staging, columns: fitted, mode, on }: Statement<PostgresColumn>): Generator<string> {
    const { name, isNew } = table;
    const columns = fitted.map(({ column }) => column.name);
    const list = columns.map(nameOf).join(", ");
    if (isNew) {
      yield `SELECT pg_advisory_xact_lock(${MAKING}, hashtext(${quoted(name)}))`;
      yield `CREATE TABLE ${mode === "create" ? "" : "IF NOT EXISTS "}${name} (${table.columns.map((column) => `${nameOf(column.name)} ${column.type}`).join(", ")})`;
    }
    if (mode === "overwrite" || mode === "merge") yield `LOCK TABLE ${name} IN SHARE ROW EXCLUSIVE MODE`;
    if (mode === "overwrite") yield `DELETE FROM ${name}`;
    if (mode !== "merge") return yield `INSERT INTO ${name} (${list}) SELECT ${list} FROM ${staging}`;
    const set = columns.filter((column) => !on.includes(column)).map((column) => `${nameOf(column)} = s.${nameOf(column)}`);
    yield `MERGE INTO ${name} AS t USING ${staging} AS s ON ${on.map((key) => `t.${nameOf(key)} = s.${nameOf(key)}`).join(" AND ")}
        WHEN MATCHED THEN ${set.length > 0 ? `UPDATE SET ${set.join(", ")}` : "DO NOTHING"} WHEN NOT MATCHED THEN INSERT (${list}) VALUES (${columns.map((column) => `s.${nameOf(column)}`).join(", ")})`;
  }

  protected async transaction(path: string): Promise<string> {
    // One that could not be made is among them, where the program has caught the error.
    for (const { schema, name } of this.#stagings) await this.session.rows(path, `DROP TABLE IF EXISTS ${schema}.${name}`);
    return (await this.session.rows(path, "SELECT pg_current_xact_id()"))[0]![0]!;
  }

  protected async stateOf(path: string, transaction: string): Promise<"committed" | "aborted" | undefined> {
    const session = await this.#connect();
    const [[state] = []] = await session.rows(path, `SELECT pg_xact_status('${transaction}')`);
    await this.session.end().catch(() => undefined);
    this.session = session;
    return state === "committed" || state === "aborted" ? state : undefined;
  }
}

/** Texts of any length: cast to a type of its own name, which says none, one of `character` is cut off. */
const castTo = ({ wire, base, element }: PostgresColumn): string => (wire !== "text" || !/^(text|character varying|character)(\[\])?$/.test(base) ? base : element === undefined ? "" : "text[]");

/** What `types` says of a column so that there is such a type; undefined: it cannot say that. */
function typed(name: string, type: ArrowType): string | undefined {
  const isList = type.id === "list";
  const of = isList ? type.of : type;
  if (of.id === "timestamp") return `Write it in microseconds: types: { ${asKey(name)}: "${isList ? "list<timestamp[us]>" : "timestamp[us]"}" }.`;
  return isList && of.id === "null" ? `Its lists are empty: say what they are of, types: { ${asKey(name)}: "list<string>" }.` : undefined;
}

/** PostgreSQL cuts longer names off. */
function checkName(path: string, name: string): void {
  if (Buffer.byteLength(name) > 63 || name.includes("\0")) throw new LockstepError({ code: "LS2015", message: `${path}: the name ${JSON.stringify(name)} is longer than the 63 bytes of PostgreSQL's`, fix: "rename() it." });
}
