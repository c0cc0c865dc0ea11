/**
 * What a program writes into one database, from the first look at it to the commit; the same for both executions. Rows come into tables of
 * this write alone, by plain Node or by the ranks; then one transaction brings them into the tables they are for:
 *
 *     CREATE UNLOGGED TABLE lockstep_stage_… ─ rows ─ … ─► BEGIN; INSERT INTO target SELECT … FROM lockstep_stage_…; COMMIT
 *
 * The session that made them holds a lock of each one's name: a table of that kind whose lock is free is what a killed job has left, and the
 * next write into its schema drops it. A server that crashes empties unlogged tables, and ends the session: nothing is committed in another one.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { CopiedColumn } from "@lockstep/native/plan";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { parseType, printType, type ArrowType } from "../../tables/arrow-type.ts";
import { partsOf, spellings } from "./relation.ts";
import { nameOf, quoted } from "./session.ts";
import { digitsOf, fitting, newColumn, remedyFor, wireOf, type TableColumn } from "./wire.ts";

export type PostgresMode = "create" | "append" | "overwrite" | "merge";

/** What a write says. */
export interface DatabaseWriteOptions {
  readonly mode?: PostgresMode;
  readonly on?: readonly string[];
  readonly types?: Readonly<Record<string, string | undefined>>;
}

/** A session in which statements run about a table, as messages name it; rows are texts. */
export interface Statements {
  rows(table: string, sql: string): Promise<readonly (readonly (string | null)[])[]>;
  end(): Promise<void>;
}

/** Where the rows of one statement go. */
export interface Staging {
  /** The table they are for, as messages call it. */
  readonly path: string;
  /** The table of this write alone, as SQL writes it. */
  readonly staging: string;
  readonly columns: CopiedColumn[];
  /** By column: the type that a text is cast to, "" where texts are taken as they are. */
  readonly casts: string[];
}

/** A table that is written. */
interface Known {
  readonly path: string;
  readonly schema: string;
  /** As SQL writes it. */
  readonly name: string;
  readonly columns: readonly TableColumn[];
  /** The commit makes it. */
  readonly isNew: boolean;
}

interface Statement {
  readonly table: Known;
  readonly staging: string;
  readonly columns: readonly string[];
  readonly mode: PostgresMode;
  readonly on: readonly string[];
}

/** The first number of the locks that tell whose tables are whose, and of those that make tables by turns. */
const [STAGING, MAKING] = [0x4c4f434b, 0x4c4f434c];
/** Days for which a job's commits are remembered. */
const REMEMBERED = 30;
/** For how long a transaction waits for others that change its tables. */
const LOCKED = "10min";

export class DatabaseWrite {
  readonly #connect: () => Promise<Statements>;
  #session: Statements;
  /** As messages call it. */
  readonly #database: string;
  /** Of a job that keeps its identity over attempts. */
  readonly #identity: string | undefined;
  /** The schema in which that is remembered: the first table's. */
  #commits: string | undefined;
  #isCommitted = false;
  readonly #known = new Map<string, Known>();
  readonly #stagings: { schema: string; name: string }[] = [];
  readonly #statements: Statement[] = [];

  /** LS2001, LS2015, LS2020, LS2021. */
  static async open(database: string, connect: () => Promise<Statements>, identity?: string): Promise<DatabaseWrite> {
    return new DatabaseWrite(database, connect, await connect(), identity);
  }

  private constructor(database: string, connect: () => Promise<Statements>, session: Statements, identity: string | undefined) {
    this.#database = database;
    this.#connect = connect;
    this.#session = session;
    this.#identity = identity;
  }

  /** For plain Node, which writes rows in this very session. */
  get session(): Statements {
    return this.#session;
  }

  /**
   * A place for the rows of a statement; null where an earlier attempt of the job has committed them. LS2007 where the table may not be
   * there, LS2001, LS2002, LS2015, LS2016 what does not fit it: before any row is computed.
   */
  async prepare(table: string, columns: readonly { readonly name: string; readonly type: ArrowType }[], { mode = "create", on = [], types = {} }: DatabaseWriteOptions): Promise<Staging | null> {
    const path = `${table} in ${this.#database}`;
    const names = columns.map(({ name }) => name);
    for (const [what, listed] of [["types", Object.keys(types)], ["on", on]] as const) {
      const unknown = listed.find((name) => !names.includes(name));
      if (unknown !== undefined) throw new LockstepError({ code: "LS2002", message: `${what}: the written table has no column "${unknown}"${didYouMean(unknown, names)}` });
    }
    if (columns.length === 0) throw new LockstepError({ code: "LS2015", message: `${path}: a table without columns cannot be written` });
    const written = columns.map(({ name, type }) => ({ name, type: types[name] === undefined ? type : parseType(types[name]) }));
    const { schema, name, oid } = await this.#find(path, table);
    if (await this.#wasCommitted(path, schema)) return null;
    let known = this.#known.get(name);
    if ((known ?? oid) !== undefined && mode === "create") throw new LockstepError({ code: "LS2007", message: `${path} exists`, fix: 'Write with mode "append", "overwrite" or "merge", or drop the table.' });
    if (mode === "merge") await this.#checkMerges(path);
    known ??= { path, schema, name, isNew: oid === undefined, columns: oid === undefined ? newColumns(path, written) : await this.#columns(path, oid) };
    this.#known.set(name, known);
    return this.#stage(known, fitted(path, written, known.columns));
  }

  /** The rows of a statement are in its staging table. LS2016: several of one key. */
  async add({ path, staging, columns }: Staging, { mode = "create", on = [] }: DatabaseWriteOptions): Promise<void> {
    if (mode === "merge") await this.#checkUnique(path, staging, on);
    const table = [...this.#known.values()].find((known) => known.path === path)!;
    this.#statements.push({ table, staging, columns: columns.map(({ name }) => name), mode, on });
  }

  /** All statements, or none. LS2003, LS2008, LS2015, LS2020, LS2021. */
  async commit(): Promise<void> {
    if (this.#statements.length === 0) return this.abort();
    const { path } = this.#statements.at(-1)!.table;
    const run = (sql: string): Promise<unknown> => this.#session.rows(path, sql);
    let transaction: string;
    try {
      await run("BEGIN ISOLATION LEVEL READ COMMITTED");
      await run(`SET LOCAL lock_timeout = '${LOCKED}'`);
      if (!(await this.#remember(path))) {
        // Another attempt came first while this one computed.
        await run("ROLLBACK");
        return await this.abort();
      }
      for (const statement of this.#statements) for (const sql of sqlOf(statement)) await this.#session.rows(statement.table.path, sql);
      // One that could not be made is among them, where the program has caught the error.
      for (const { schema, name } of this.#stagings) await run(`DROP TABLE IF EXISTS ${schema}.${name}`);
      transaction = (await this.#session.rows(path, "SELECT pg_current_xact_id()"))[0]![0]!;
    } catch (error) {
      await run("ROLLBACK").catch(() => undefined);
      await this.abort();
      throw error;
    }
    await run("COMMIT").catch((error: unknown) => this.#settle(path, transaction, error));
    await this.#session.end();
  }

  /** Nothing is committed: what was made is dropped, as far as the server can be reached. */
  async abort(): Promise<void> {
    const drop = async (): Promise<void> => {
      for (const { schema, name } of this.#stagings) await this.#session.rows(this.#database, `DROP TABLE IF EXISTS ${schema}.${name}`);
    };
    await drop().catch(async () => {
      await this.#session.end();
      this.#session = await this.#connect();
      await drop();
    }).catch(() => undefined); // The next write drops them.
    this.#stagings.length = 0;
    await this.#session.end().catch(() => undefined);
  }

  /** The answer to COMMIT did not come, or was an error: another session asks what became of it. */
  async #settle(path: string, transaction: string, error: unknown): Promise<void> {
    for (const until = Date.now() + 30_000; Date.now() < until; await wait(200)) {
      try {
        const session = await this.#connect();
        const [[state] = []] = await session.rows(path, `SELECT pg_xact_status('${transaction}')`);
        await this.#session.end().catch(() => undefined);
        this.#session = session;
        if (state === "committed") return;
        if (state === "aborted") {
          await this.abort();
          throw error;
        }
      } catch (later) {
        if (later === error) throw error;
      }
    }
    await this.#session.end().catch(() => undefined);
    const { message } = error as Error;
    throw new LockstepError({ code: "LS2008", message: `${path}: whether it is written is not known, the server cannot be asked (${message})`, fix: "Look whether the rows are there before the job runs again; a job with an identity (--job) looks by itself.", cause: error });
  }

  /** `schema` and `name`, schema and all, as SQL writes them; without `oid` there is no such table. */
  async #find(path: string, table: string): Promise<{ schema: string; name: string; oid: string | undefined }> {
    const parts = partsOf(table);
    if (parts === undefined || parts.length > 2) throw new LockstepError({ code: "LS2015", message: `"${table}" is no name of a table: write "schema.table"; the database stands in the URL` });
    const [exact, folded] = spellings(parts);
    const [found] = await this.#session.rows(path, `SELECT c.oid, c.relkind, quote_ident(n.nspname), quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = coalesce(to_regclass(${exact}), to_regclass(${folded}))`);
    if (found) {
      const [oid, kind, schema, name] = found as [string, string, string, string];
      if (kind !== "r" && kind !== "p") throw new LockstepError({ code: "LS2015", message: `${path} is no table (a view, a foreign table), and is not written` });
      return { oid, schema, name };
    }
    // As SQL takes names without quotes.
    const [own, named] = [parts.at(-1)!, parts.length === 2 ? parts[0] : undefined].map((part) => part && (part.isQuoted ? part.text : part.text.toLowerCase()));
    checkName(path, own!);
    const [[schema] = []] = await this.#session.rows(path, `SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname = ${named === undefined ? "current_schema()" : quoted(named)}`);
    if (!schema) throw new LockstepError({ code: "LS2001", message: named === undefined ? `${path}: the user has no schema to make it in` : `${path}: there is no schema "${named}"`, fix: "CREATE SCHEMA, or write another one." });
    return { schema, name: `${schema}.${nameOf(own!)}`, oid: undefined };
  }

  async #columns(path: string, oid: string): Promise<TableColumn[]> {
    const rows = await this.#session.rows(path, `SELECT a.attname, coalesce(b.oid, t.oid), format_type(a.atttypid, a.atttypmod), format_type(coalesce(b.oid, t.oid), NULL),
      CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END, coalesce(b.typtype, t.typtype) = 'e', a.attnotnull OR t.typnotnull, a.atthasdef OR t.typdefault IS NOT NULL, a.attidentity, a.attgenerated
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE a.attrelid = ${oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`);
    return (rows as string[][]).map((row): TableColumn => {
      const [name, type, printed, base, modifier, labels, notNull, hasDefault, identity, generated] = row as [string, string, string, string, string, string, string, string, string, string];
      return {
        name, type: printed, base, wire: wireOf(Number(type), base, labels === "t"), digits: digitsOf(Number(modifier)), isNotNull: notNull === "t",
        isRequired: notNull === "t" && hasDefault === "f" && identity === "" && generated === "", isGenerated: identity === "a" || generated !== "",
      };
    });
  }

  async #stage(table: Known, columns: readonly { column: TableColumn; type: ArrowType }[]): Promise<Staging> {
    const { path, schema } = table;
    if (!this.#stagings.some((own) => own.schema === schema)) await this.#sweep(path, schema);
    const name = `lockstep_stage_${randomBytes(16).toString("hex")}`;
    const list = columns.map(({ column }) => `${nameOf(column.name)} ${column.type}`).join(", ");
    await this.#session.rows(path, `SELECT pg_advisory_lock(${STAGING}, hashtext('${name}'))`);
    this.#stagings.push({ schema, name });
    // Together, so that one which cannot be told from others' is never there; of a table, so that texts are compared as there.
    const like = table.isNew ? `(${list})` : `AS SELECT ${columns.map(({ column }) => nameOf(column.name)).join(", ")} FROM ${table.name} WITH NO DATA`;
    const notNull = columns.filter(({ column }) => column.isNotNull).map(({ column }) => `ALTER ${nameOf(column.name)} SET NOT NULL`);
    await this.#session.rows(path, [
      `CREATE UNLOGGED TABLE ${schema}.${name} ${like}`,
      ...(notNull.length > 0 ? [`ALTER TABLE ${schema}.${name} ${notNull.join(", ")}`] : []),
      `COMMENT ON TABLE ${schema}.${name} IS ${quoted(`Rows that Lockstep writes into ${table.name}. If their program is gone, the next write into this schema drops it.`)}`,
    ].join("; "));
    return {
      path, staging: `${schema}.${name}`,
      columns: columns.map(({ column, type }) => ({ name: column.name, type: printType(type), wire: column.wire! })),
      casts: columns.map(({ column: { wire, base } }) => (wire === "text" && /^(text|character varying|character)$/.test(base) ? "" : base)),
    };
  }

  /** Drops what killed jobs have left in a schema that has nothing of this write yet. */
  async #sweep(path: string, schema: string): Promise<void> {
    const found = await this.#session.rows(path, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE quote_ident(n.nspname) = ${quoted(schema)} AND c.relkind = 'r'
      AND c.relpersistence = 'u' AND c.relname ~ '^lockstep_stage_[0-9a-f]{32}$' AND pg_has_role(c.relowner, 'USAGE') AND obj_description(c.oid, 'pg_class') LIKE 'Rows that Lockstep writes into %'`);
    for (const [name] of found) {
      const [[free] = []] = await this.#session.rows(path, `SELECT pg_try_advisory_lock(${STAGING}, hashtext('${name}'))`);
      if (free !== "t") continue;
      await this.#session.rows(path, `DROP TABLE IF EXISTS ${schema}.${name}`);
      await this.#session.rows(path, `SELECT pg_advisory_unlock(${STAGING}, hashtext('${name}'))`);
    }
  }

  async #checkMerges(path: string): Promise<void> {
    const [[version] = []] = await this.#session.rows(path, "SHOW server_version_num");
    if (Number(version) < 150_000) throw new LockstepError({ code: "LS2015", message: `${path}: the server is older than PostgreSQL 15, which has MERGE`, fix: 'Write with mode "append" into a table of your own, and merge it there.' });
  }

  async #checkUnique(path: string, staging: string, on: readonly string[]): Promise<void> {
    // What the planner of the merge knows of it then.
    await this.#session.rows(path, `ANALYZE ${staging}`);
    const keys = on.map(nameOf);
    const [twice] = await this.#session.rows(path, `SELECT ${keys.map((key) => `${key}::text`).join(", ")} FROM ${staging} WHERE ${keys.map((key) => `${key} IS NOT NULL`).join(" AND ")} GROUP BY ${keys.join(", ")} HAVING count(*) > 1 LIMIT 1`);
    if (twice) throw new LockstepError({ code: "LS2016", message: `${path}: several rows have the key ${on.map((name, at) => `${name} ${twice[at]}`).join(", ")}`, fix: "dedupe() them, or roll them up by the key." });
  }

  /** Of a job with an identity: whether an attempt of it has committed, which is looked for with the first table. */
  async #wasCommitted(path: string, schema: string): Promise<boolean> {
    if (this.#identity === undefined) return false;
    if (this.#commits === undefined) {
      this.#commits = schema;
      const table = `${schema}.lockstep_commits`;
      const isThere = async (): Promise<boolean> => (await this.#session.rows(path, `SELECT to_regclass(${quoted(table)}) IS NOT NULL`))[0]![0] === "t";
      if (!(await isThere())) {
        const make = this.#session.rows(path, `CREATE TABLE IF NOT EXISTS ${table} (id text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`);
        // Two may make it at once.
        await make.catch(async (error: unknown) => { if (!(await isThere())) throw error; });
      }
      this.#isCommitted = (await this.#session.rows(path, `SELECT 1 FROM ${table} WHERE id = ${quoted(this.#identity)}`)).length > 0;
    }
    return this.#isCommitted;
  }

  /** In the transaction; false: another attempt of the job has committed. */
  async #remember(path: string): Promise<boolean> {
    if (this.#identity === undefined) return true;
    await this.#session.rows(path, `DELETE FROM ${this.#commits}.lockstep_commits WHERE at < now() - interval '${REMEMBERED} days'`);
    return (await this.#session.rows(path, `INSERT INTO ${this.#commits}.lockstep_commits (id) VALUES (${quoted(this.#identity)}) ON CONFLICT DO NOTHING RETURNING id`)).length > 0;
  }
}

/** What a statement does in the transaction. Who replaces or merges keeps other writers out, but no reader. */
function* sqlOf({ table, staging, columns, mode, on }: Statement): Generator<string> {
  const { name, isNew } = table;
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

function newColumns(path: string, written: readonly { name: string; type: ArrowType }[]): TableColumn[] {
  return written.map(({ name, type }) => {
    checkName(path, name);
    const column = newColumn(name, type);
    if (column) return column;
    if (type.id === "null") throw new LockstepError({ code: "LS2015", message: `the column "${name}" has nothing but nulls, which says no type for the new table ${path}`, fix: `Say one: types: { ${name}: "string" }.` });
    const fix = type.id === "list" ? `Leave the column out with select(), unroll() it, or derive a text of it: d.${name}.join().` : type.id === "struct" ? `Leave the column out with select(), or derive columns of its members: d.${name}.…` : type.id === "timestamp" ? `Write it in microseconds: types: { ${name}: "timestamp[us]" }.` : `Write it as another type: types: { ${name}: "string" }, or leave it out with select().`;
    throw new LockstepError({ code: "LS2015", message: `${path}: the column "${name}" is ${printType(type)}, which PostgreSQL does not have`, fix });
  });
}

/** Where the rows' columns go, and as what. */
function fitted(path: string, written: readonly { name: string; type: ArrowType }[], columns: readonly TableColumn[]): { column: TableColumn; type: ArrowType }[] {
  const names = columns.map(({ name }) => name);
  for (const { name, isRequired } of columns) {
    if (isRequired && !written.some((column) => column.name === name)) throw new LockstepError({ code: "LS2002", message: `${path} requires a column "${name}", which the written table has not`, fix: "derive() it." });
  }
  return written.map(({ name, type }) => {
    const column = columns.find((one) => one.name === name);
    if (!column) throw new LockstepError({ code: "LS2002", message: `${path} has no column "${name}"${didYouMean(name, names)}`, fix: `Its columns are ${names.join(", ")}: rename() or select() them.` });
    if (column.isGenerated) throw new LockstepError({ code: "LS2002", message: `${path}: the database alone gives values to the column "${name}"`, fix: "Leave it out with select()." });
    const as = fitting(type, column);
    if (!as) throw new LockstepError({ code: "LS2002", message: `the column "${name}" is ${printType(type)}, in ${path} it is ${column.type}`, fix: remedyFor(name, type, column) });
    return { column, type: as };
  });
}

/** PostgreSQL cuts longer names off. */
function checkName(path: string, name: string): void {
  if (Buffer.byteLength(name) > 63 || name.includes("\0")) throw new LockstepError({ code: "LS2015", message: `${path}: the name ${JSON.stringify(name)} is longer than the 63 bytes of PostgreSQL's`, fix: "rename() it." });
}
