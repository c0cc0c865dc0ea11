/**
 * Writes to Snowflake, for both executions, in one session: on ranks rank 0's.
 *
 *     CREATE TEMPORARY TABLE and STAGE ─► PUT: where the stage is ─► files, by all ranks (stage.ts) ─► COPY INTO the temporary table
 *     CREATE TABLE target, if there is none ─► BEGIN; INSERT / DELETE / MERGE …; is it still ours?; COMMIT
 *
 * What is temporary ends with the session, which ends by itself some hours after its program has died. Snowflake commits what makes a
 * table by itself, so a new one is there, without rows, before the transaction is. Its comment says so, and whose it is: while that and
 * no row stands there it counts as none, and the next write replaces it. Who adds to another's takes the comment away, so that it stays.
 */
import { randomBytes } from "node:crypto";
import { LockstepError } from "../../errors/index.ts";
import { printType, type ArrowType } from "../../tables/arrow-type.ts";
import { type DatabaseMode, DatabaseWrite, type DatabaseWriteOptions, type DatabaseStaging, type Fitted, type Found, type Known, newColumnFix, REMEMBERED, type RowColumn, type Statement, type Statements } from "../database/write.ts";
import { nameOf, type Part, partsOf } from "../sql.ts";
import { columnOf, fitting, isJson, newType, remedyFor, type SnowflakeColumn } from "./columns.ts";
import { refused } from "./errors.ts";
import type { Place } from "./place.ts";
import { openSession, type Session } from "./session.ts";
import type { StageInfo } from "./stage.ts";
import { findTarget, type Target } from "./target.ts";

/** Where the rows of one statement go. */
export interface SnowflakeStaging extends DatabaseStaging {
  /** In the order of the rows' columns: what they are called in the files, and what they are there. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** Bytes of a file about: Snowflake loads several at once. */
export const FILE_BYTES = 32 << 20;
/** Milliseconds between two signs of life: a session that rests for four hours ends. */
const BEAT = 900_000;
/** The comment of a table that has been made, and whose first rows are not committed yet; behind it stands whose it is. */
const UNFILLED = "Lockstep: its first rows are not committed yet, ";

interface Texts extends Statements {
  readonly session: Session;
}

type Options = DatabaseWriteOptions & Place;

/** What Snowflake shows of a table. */
interface Shown {
  readonly kind: string;
  readonly comment: string;
  readonly rows: string;
}

/** A column of the rows by its place: names of all kinds stand in neither files nor stages. */
const placed = (at: number): string => `C${at}`;

export class SnowflakeWrite extends DatabaseWrite<SnowflakeColumn, SnowflakeStaging, Texts, Options> {
  protected readonly product = "Snowflake";
  /** Tables that this commit has made, or may have: the answer may be lost. */
  readonly #made: Known<SnowflakeColumn>[] = [];
  /** Their comment. */
  readonly #mark = UNFILLED + randomBytes(16).toString("hex");
  /** Where the session was opened, by the call's first write. */
  readonly #target: Target;
  /** What it has: the schema of names that say none, and who computes. */
  #place: readonly (string | null)[] | undefined;

  /** LS2015, LS2020, LS2021. */
  static async open(target: Target, identity?: string): Promise<SnowflakeWrite> {
    const session = await openSession(target, "written");
    const beating = setInterval(() => void session.beat().catch(() => undefined), BEAT).unref();
    const end = (): Promise<void> => {
      clearInterval(beating);
      return session.close();
    };
    return new SnowflakeWrite(target, { session, end, rows: async (source, sql) => (await session.ask(source, sql)).rows }, identity);
  }

  private constructor(target: Target, session: Texts, identity: string | undefined) {
    super(target.name, session, identity);
    this.#target = target;
  }

  protected override hurry(): void {
    this.session.session.hurry();
  }

  /** Where the files of a statement go, with credentials that are good for some hours from now. */
  credentials({ path, staging }: SnowflakeStaging): Promise<StageInfo> {
    return this.session.session.put(path, `PUT 'file:///tmp/rows.parquet' ${stageOf(staging)} AUTO_COMPRESS = FALSE OVERWRITE = TRUE`);
  }

  async abort(): Promise<void> {
    this.hurry();
    await this.#unmake().catch(() => undefined); // What stays counts as none.
    await this.session.end().catch(() => undefined);
  }

  /** Drops the tables that this commit has made, unless somebody has filled them since, or made them his own. */
  async #unmake(): Promise<void> {
    const made = this.#made.splice(0);
    // A transaction that is open, because its own ROLLBACK has not come there, would be committed by the first DROP.
    if (made.length > 0) await this.session.rows(made[0]!.path, "ROLLBACK");
    for (const table of made) if ((await this.#leftover(table)) === this.#mark) await this.session.rows(table.path, `DROP TABLE IF EXISTS ${table.name}`);
  }

  /** What a table is of this schema, if there is one. */
  async #shown(path: string, schema: string, table: string): Promise<Shown | undefined> {
    // Its pattern takes `_` for any sign, and letters for those of both cases.
    const { columns, rows } = await this.session.session.ask(path, `SHOW OBJECTS LIKE ${quoted(table)} IN SCHEMA ${schema}`);
    const of = (row: readonly (string | null)[], column: string): string => row[columns.indexOf(column)] ?? "";
    const found = rows.find((row) => of(row, "name") === table);
    return found && { kind: of(found, "kind"), comment: of(found, "comment"), rows: of(found, "rows") };
  }

  #again({ path, schema, name }: Known<SnowflakeColumn>): Promise<Shown | undefined> {
    return this.#shown(path, schema, partsOf(name)!.at(-1)!.text);
  }

  /** The comment of a table that counts as none. */
  async #leftover(table: Known<SnowflakeColumn>): Promise<string | undefined> {
    return leftoverOf(await this.#again(table));
  }

  protected async find(path: string, table: string, parts: readonly Part[] | undefined, options: Options): Promise<Found> {
    const wrong = (what: string, fix: string): LockstepError => new LockstepError({ code: "LS2015", message: `"${table}" ${what}`, fix });
    if (parts === undefined || parts.length > 3 || parts.some(({ text, isQuoted }) => !isQuoted && !/^[\p{L}_][\p{L}\p{N}_$]*$/u.test(text.trim()))) throw wrong("is no name of a table", 'Write "database.schema.table", names of other signs in quotes.');
    const names = parts.map(called);
    this.#place ??= (await this.session.rows(path, "SELECT CURRENT_DATABASE(), CURRENT_SCHEMA(), CURRENT_WAREHOUSE()"))[0] ?? [];
    const [opened, own] = [this.#target.parameters, findTarget(options).parameters];
    if (own.warehouse !== undefined && own.warehouse !== opened.warehouse) throw new LockstepError({ code: "LS2015", message: `${path}: the call writes with another warehouse, ${opened.warehouse ?? "the user's own"}, and commits one transaction`, fix: "Name the same warehouse in all of them, or write in two calls." });
    // What the session has is of the write that has opened it.
    const said = (name: "databaseName" | "schemaName", at: number): string | null | undefined => (own[name] === opened[name] && own.databaseName === opened.databaseName ? this.#place![at] : own[name] === undefined ? undefined : partsOf(own[name])?.map(called).at(-1));
    const [database, schema] = [names.at(-3) ?? said("databaseName", 0), names.at(-2) ?? said("schemaName", 1)];
    if (!database || !schema) throw wrong(`says no ${database ? "schema" : "database"}, and the session has none`, 'Write "database.schema.table", or name them: { database, schema }, or SNOWFLAKE_DATABASE and SNOWFLAKE_SCHEMA.');
    // Nothing but COPY and what comes after it would say so.
    if (!this.#place[2]) throw refused(path, { code: "000606", message: "the session has no warehouse" });
    const place = `${nameOf(database)}.${nameOf(schema)}`;
    const name = `${place}.${nameOf(names.at(-1)!)}`;
    const found = await this.#shown(path, place, names.at(-1)!);
    if (found && /VIEW/.test(found.kind)) throw new LockstepError({ code: "LS2015", message: `${path} is no table, but a view, and is not written` });
    const leftover = leftoverOf(found);
    return { schema: place, name, id: found && leftover === undefined ? name : undefined, leftover };
  }

  protected async columns(path: string, name: string): Promise<SnowflakeColumn[]> {
    const { columns, rows } = await this.session.session.ask(path, `DESCRIBE TABLE ${name}`);
    return rows.map((row) => {
      const of = (column: string): string => row[columns.indexOf(column)] ?? "";
      const isGenerated = of("kind") !== "COLUMN" || of("expression") !== "";
      return columnOf(of("name"), of("type"), { isNotNull: of("null?") === "N", hasDefault: of("default") !== "", isGenerated });
    });
  }

  protected newColumn(_path: string, { name, type }: RowColumn): { column: SnowflakeColumn | undefined; fix: string } {
    const made = newType(type);
    const fix = type.id === "list" || type.id === "struct" ? `${newColumnFix(name, type)} Into a column VARIANT, OBJECT or ARRAY of a table that is there, write a text of JSON.` : newColumnFix(name, type);
    return { column: made === undefined ? undefined : columnOf(name, made), fix };
  }

  /** As it is written, else as SQL takes it without quotes. */
  protected override columnOf(name: string, columns: readonly SnowflakeColumn[]): SnowflakeColumn | undefined {
    return super.columnOf(name, columns) ?? super.columnOf(name.toUpperCase(), columns);
  }

  protected fitting(type: ArrowType, column: SnowflakeColumn): ArrowType | undefined {
    return fitting(type, column);
  }

  protected remedyFor(name: string, type: ArrowType, column: SnowflakeColumn): string {
    return remedyFor(name, type, column);
  }

  protected override checkKeys(path: string, keys: readonly Fitted<SnowflakeColumn>[]): void {
    const key = keys.find(({ column }) => isJson(column));
    if (key) throw new LockstepError({ code: "LS2015", message: `${path}: the column "${key.name}" is ${key.column.kind}, by which rows are not the same`, fix: "Merge by another column." });
  }

  /** A statement that is described is compiled, and not run: what the role may not do comes to light. */
  protected override async checkStatement(statement: Statement<SnowflakeColumn>): Promise<void> {
    if (statement.table.isNew) return;
    for (const sql of this.sqlOf(statement)) await this.session.session.describe(statement.table.path, sql);
  }

  protected async stage({ path, schema }: Known<SnowflakeColumn>, columns: readonly Fitted<SnowflakeColumn>[]): Promise<SnowflakeStaging> {
    const staging = `${schema}.LOCKSTEP_STAGE_${randomBytes(16).toString("hex").toUpperCase()}`;
    const list = columns.map(({ column }, at) => `${placed(at)} ${isJson(column) ? "VARCHAR" : column.type}`).join(", ");
    await this.session.rows(path, `CREATE TEMPORARY TABLE ${staging} (${list})`);
    await this.session.rows(path, `CREATE TEMPORARY STAGE ${staging} ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE')`);
    return { path, staging, columns: columns.map(({ type }, at) => ({ name: placed(at), type: printType(type) })) };
  }

  /** LS2003 nulls that the table does not take, LS2015 texts that are not the JSON of their column, LS2021 where other rows have come than were sent. */
  protected override async arrived({ table: { path }, staging, columns }: Statement<SnowflakeColumn>, rows: number | undefined): Promise<void> {
    if (rows === 0) return;
    // Left to itself it takes the text \N for null.
    const format = "TYPE = PARQUET USE_LOGICAL_TYPE = TRUE BINARY_AS_TEXT = FALSE USE_VECTORIZED_SCANNER = TRUE TRIM_SPACE = FALSE NULL_IF = ()";
    await this.session.rows(path, `COPY INTO ${staging} FROM ${stageOf(staging)} FILE_FORMAT = (${format}) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE ON_ERROR = ABORT_STATEMENT`);
    const required = columns.map(({ name, column }, at) => ({ name, column, at })).filter(({ column }) => column.isNotNull);
    const texts = columns.map(({ name, column }, at) => ({ name, column, at })).filter(({ column }) => isJson(column));
    const counted = ["COUNT(*)", ...required.map(({ at }) => `COUNT(${placed(at)})`), ...texts.map(({ column, at }) => `COUNT_IF(${placed(at)} IS NOT NULL AND ${misfit(column, placed(at))})`)];
    const [counts = []] = await this.session.rows(path, `SELECT ${counted.join(", ")} FROM ${staging}`);
    const came = Number(counts[0]);
    if (came !== rows) throw new LockstepError({ code: "LS2021", message: `${path}: of ${rows} rows ${came} have come to Snowflake`, fix: "Start the program again." });
    const lacking = required.find((_, at) => Number(counts[at + 1]) !== came);
    if (lacking) throw new LockstepError({ code: "LS2003", message: `${path}: the column "${lacking.column.name}" is required, and a row has null there`, fix: "Filter these rows out, or give them a value." });
    const wrong = texts.find((_, at) => Number(counts[1 + required.length + at]) !== 0);
    if (wrong) throw new LockstepError({ code: "LS2015", message: `${path}: the column "${wrong.column.name}" is ${wrong.column.kind}, and a row has a text there that is no JSON of that kind`, fix: `Write ${jsonOf[wrong.column.kind]}, or null.` });
  }

  protected async twice({ table: { path }, staging, columns, on }: Statement<SnowflakeColumn>): Promise<readonly (string | null)[] | undefined> {
    const keys = on.map((key) => placed(columns.findIndex(({ column }) => column.name === key)));
    const [twice] = await this.session.rows(path, `SELECT ${keys.map((key) => `TO_VARCHAR(${key})`).join(", ")} FROM ${staging} WHERE ${keys.map((key) => `${key} IS NOT NULL`).join(" AND ")} GROUP BY ${keys.join(", ")} HAVING COUNT(*) > 1 LIMIT 1`);
    return twice;
  }

  protected async isRemembered(path: string, table: string, identity: string): Promise<boolean> {
    await this.session.rows(path, `CREATE TABLE IF NOT EXISTS ${table} (ID VARCHAR NOT NULL, COMMITTED_AT TIMESTAMP_NTZ NOT NULL)`);
    return (await this.session.rows(path, `SELECT ID FROM ${table} WHERE ID = ${quoted(identity)}`)).length > 0;
  }

  protected async remember(path: string, table: string, identity: string): Promise<boolean> {
    await this.session.rows(path, `DELETE FROM ${table} WHERE COMMITTED_AT < SYSDATE() - INTERVAL '${REMEMBERED} days'`);
    // No key is enforced there, but of two merges into a table one waits for the other.
    const [[inserted] = []] = await this.session.rows(path, `MERGE INTO ${table} AS T USING (SELECT ${quoted(identity)} AS ID, SYSDATE() AS COMMITTED_AT) AS S ON T.ID = S.ID WHEN NOT MATCHED THEN INSERT (ID, COMMITTED_AT) VALUES (S.ID, S.COMMITTED_AT)`);
    return inserted === "1";
  }

  protected async begin(path: string): Promise<void> {
    const seen = new Set<Known<SnowflakeColumn>>();
    for (const { table, mode } of this.statements) {
      if (!seen.has(table) && table.isNew) await this.#make(table, mode);
      seen.add(table);
    }
    await this.session.rows(path, "BEGIN TRANSACTION");
  }

  /** LS2007: another has made it since this one has looked. */
  async #make(table: Known<SnowflakeColumn>, mode: DatabaseMode): Promise<void> {
    const { path, name, leftover } = table;
    const columns = table.columns.map((column) => `${nameOf(column.name)} ${column.type}`).join(", ");
    const replaces = leftover !== undefined && (await this.#leftover(table)) === leftover;
    this.#made.push(table);
    await this.session.rows(path, `CREATE ${replaces ? "OR REPLACE " : ""}TABLE ${!replaces && mode !== "create" ? "IF NOT EXISTS " : ""}${name} (${columns}) COMMENT = ${quoted(this.#mark)}`);
    const comment = (await this.#again(table))?.comment;
    if (comment === this.#mark) return;
    if (replaces || mode === "create") throw taken(path);
    // Another's: what comes in besides its rows is dropped by nobody.
    this.#made.pop();
    if (comment?.startsWith(UNFILLED)) await this.session.rows(path, `COMMENT ON TABLE ${name} IS ''`);
  }

  protected override async checkMade(): Promise<void> {
    for (const table of this.#made) {
      const comment = (await this.#again(table))?.comment;
      const isCreated = this.statements.find((statement) => statement.table === table)!.mode === "create";
      if (comment !== this.#mark && (isCreated || comment !== "")) throw taken(table.path);
    }
  }

  protected *sqlOf({ table: { name }, staging, columns, mode, on }: Statement<SnowflakeColumn>): Generator<string> {
    const list = columns.map(({ column }) => nameOf(column.name)).join(", ");
    const value = (column: SnowflakeColumn, at: number): string => (isJson(column) ? `PARSE_JSON(${placed(at)})::${column.kind} AS ${placed(at)}` : placed(at));
    const rows = `SELECT ${columns.map(({ column }, at) => value(column, at)).join(", ")} FROM ${staging}`;
    if (mode === "overwrite") yield `DELETE FROM ${name}`;
    if (mode !== "merge") return yield `INSERT INTO ${name} (${list}) ${rows}`;
    const all = columns.map(({ column }, at) => ({ name: nameOf(column.name), at: `S.${placed(at)}`, isKey: on.includes(column.name) }));
    const set = all.filter(({ isKey }) => !isKey).map((one) => `${one.name} = ${one.at}`);
    yield `MERGE INTO ${name} AS T USING (${rows}) AS S ON ${all.filter(({ isKey }) => isKey).map((one) => `T.${one.name} = ${one.at}`).join(" AND ")}${set.length > 0 ? ` WHEN MATCHED THEN UPDATE SET ${set.join(", ")}` : ""} WHEN NOT MATCHED THEN INSERT (${list}) VALUES (${all.map(({ at }) => at).join(", ")})`;
  }

  protected async transaction(path: string): Promise<string> {
    const [[number] = []] = await this.session.rows(path, "SELECT CURRENT_TRANSACTION()");
    if (!number || !/^\d+$/.test(number)) throw new LockstepError({ code: "LS2021", message: `${path}: the session has no transaction any longer`, fix: "Start the program again." });
    return number;
  }

  protected async stateOf(path: string, transaction: string): Promise<"committed" | "aborted" | undefined> {
    // The session's own way to the server may be the one that is lost.
    const other = await openSession(this.#target, "written", true);
    const { columns, rows } = await other.ask(path, `DESCRIBE TRANSACTION ${transaction}`).finally(() => other.close());
    const state = rows[0]?.[columns.indexOf("state")] ?? "";
    if (/commit/i.test(state)) return "committed";
    if (/roll(ed)? ?back|abort/i.test(state)) return "aborted";
    // COMMIT has not come there. The session is the same, whatever has become of its connections.
    if (state !== "") await this.session.rows(path, "COMMIT");
    return undefined;
  }

  protected override async committed(): Promise<void> {
    for (const { path, name } of this.#made.splice(0)) await this.session.rows(path, `COMMENT ON TABLE ${name} IS ''`).catch(() => undefined);
  }
}

const leftoverOf = (shown: Shown | undefined): string | undefined => (shown?.comment.startsWith(UNFILLED) && shown.rows === "0" ? shown.comment : undefined);

const taken = (path: string): LockstepError => new LockstepError({ code: "LS2007", message: `${path} exists`, fix: "Another has made it meanwhile." });

/** The name that a part stands for. */
const called = ({ text, isQuoted }: Part): string => (isQuoted ? text : text.trim().toUpperCase());

/** What a text is to be in a column of JSON. */
const jsonOf: Readonly<Record<string, string>> = { VARIANT: "a text of JSON", OBJECT: 'a text like {"a": 1}', ARRAY: "a text like [1, 2]" };

/** Whether a text is none of a column's: of an empty one PARSE_JSON makes null, and whatever is no array would be made one of one element. */
function misfit({ kind }: SnowflakeColumn, text: string): string {
  const found = `COALESCE(TYPEOF(TRY_PARSE_JSON(${text})), '')`;
  return kind === "VARIANT" ? `${found} = ''` : `${found} <> '${kind}'`;
}

/** A stage is called as its table is; the quotes in it stand in others. */
const stageOf = (staging: string): string => `'@${staging.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** A text as SQL writes it, where a backslash is a sign of its own. */
const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
