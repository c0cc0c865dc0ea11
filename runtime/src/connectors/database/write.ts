/**
 * What a program writes into one database, from the first look at it to the commit; the same for both executions and all databases, which
 * say in their own SQL what is asked of them. Rows come to a place of this write alone, by plain Node or by the ranks; then one transaction
 * brings them into the tables they are for:
 *
 *     prepare: the table, its columns, a staging place ─► rows ─► add: no key twice ─► commit: BEGIN; …; COMMIT
 */
import { setTimeout as wait } from "node:timers/promises";
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { parseType, printType, type ArrowType } from "../../tables/arrow-type.ts";
import { type Part, partsOf } from "../sql.ts";

export type DatabaseMode = "create" | "append" | "overwrite" | "merge";

/** What a write says. */
export interface DatabaseWriteOptions {
  readonly mode?: DatabaseMode;
  readonly on?: readonly string[];
  readonly types?: Readonly<Record<string, string | undefined>>;
}

/** A column of a table that is written. */
export interface TableColumn {
  readonly name: string;
  /** As SQL writes its type. */
  readonly type: string;
  /** Null is an error there, and nothing else comes where a row has no value. */
  readonly isRequired: boolean;
  /** It may hold no null, whether it has a default or not. */
  readonly isNotNull: boolean;
  /** The database alone gives it values. */
  readonly isGenerated: boolean;
}

/** Where the rows of one statement go. */
export interface DatabaseStaging {
  /** The table they are for, as messages call it. */
  readonly path: string;
  /** The table of this write alone, as SQL writes it. */
  readonly staging: string;
}

/** A column of the rows, as it is written. */
export interface RowColumn {
  readonly name: string;
  readonly type: ArrowType;
}

/** Where a column of the rows goes, and as what. */
export interface Fitted<C extends TableColumn> extends RowColumn {
  readonly column: C;
}

/** A table that is written. */
export interface Known<C extends TableColumn> {
  readonly path: string;
  readonly schema: string;
  /** As SQL writes it, schema and all. */
  readonly name: string;
  readonly columns: readonly C[];
  /** The commit makes it. */
  readonly isNew: boolean;
  /** What it replaces then. */
  readonly leftover: string | undefined;
}

export interface Statement<C extends TableColumn> {
  readonly table: Known<C>;
  readonly staging: string;
  readonly columns: readonly Fitted<C>[];
  readonly mode: DatabaseMode;
  /** Columns of the table. */
  readonly on: readonly string[];
}

/** What is found of a table by its name: as SQL writes it and its schema, and, if it is there, what its columns are asked by; undefined: it counts as none. */
export interface Found {
  readonly schema: string;
  readonly name: string;
  readonly id: string | undefined;
  /** Where tables are not made in transactions: what tells of one that stands there whose commit has not put its first rows into it. */
  readonly leftover?: string | undefined;
}

/** A session in which statements run about a table, as messages name it; rows are texts. */
export interface Statements {
  rows(table: string, sql: string): Promise<readonly (readonly (string | null)[])[]>;
  end(): Promise<void>;
}

/** For how many days a job's commits are remembered. */
export const REMEMBERED = 30;

export abstract class DatabaseWrite<C extends TableColumn, S extends DatabaseStaging, T extends Statements, O extends DatabaseWriteOptions = DatabaseWriteOptions> {
  protected session: T;
  /** As messages call it. */
  protected readonly database: string;
  /** Of a job that keeps its identity over attempts. */
  readonly #identity: string | undefined;
  /** The schema in which that is remembered: the first table's. */
  #commits: string | undefined;
  #isCommitted = false;
  readonly #known = new Map<string, Known<C>>();
  readonly #staged = new Map<string, Omit<Statement<C>, "mode" | "on">>();
  protected readonly statements: Statement<C>[] = [];

  constructor(database: string, session: T, identity: string | undefined) {
    this.database = database;
    this.session = session;
    this.#identity = identity;
  }

  /**
   * A place for the rows of a statement; null where an earlier attempt of the job has committed them. LS2007 where the table may not be
   * there, LS2001, LS2002, LS2015, LS2016 what does not fit it: before any row is computed.
   */
  async prepare(table: string, columns: readonly RowColumn[], options: O): Promise<S | null> {
    const { mode = "create", on = [], types = {} } = options;
    const path = `${table} in ${this.database}`;
    const names = columns.map(({ name }) => name);
    for (const [what, listed] of [["types", Object.keys(types)], ["on", on]] as const) {
      const unknown = listed.find((name) => !names.includes(name));
      if (unknown !== undefined) throw new LockstepError({ code: "LS2002", message: `${what}: the written table has no column "${unknown}"${didYouMean(unknown, names)}` });
    }
    if (columns.length === 0) throw new LockstepError({ code: "LS2015", message: `${path}: a table without columns cannot be written` });
    const written = columns.map(({ name, type }) => ({ name, type: types[name] === undefined ? type : parseType(types[name]) }));
    const { schema, name, id, leftover } = await this.find(path, table, partsOf(table), options);
    if (await this.#wasCommitted(path, schema)) return null;
    let known = this.#known.get(name);
    if (mode === "create" && (known ?? id) !== undefined) {
      // By another attempt of the job, meanwhile?
      if (known === undefined && (await this.#isCommittedNow(path))) return null;
      throw new LockstepError({ code: "LS2007", message: `${path} exists`, fix: 'Write with mode "append", "overwrite" or "merge", or drop the table.' });
    }
    if (mode === "merge") await this.checkMerges(path);
    known ??= { path, schema, name, isNew: id === undefined, leftover, columns: id === undefined ? this.#newColumns(path, written) : await this.columns(path, id) };
    this.#known.set(name, known);
    const fitted = this.#fitted(path, written, known.columns);
    if (mode === "merge") this.checkKeys(path, fitted.filter((one) => on.includes(one.name)));
    const staging = await this.stage(known, fitted);
    const staged = { table: known, staging: staging.staging, columns: fitted };
    this.#staged.set(staging.staging, staged);
    await this.checkStatement(statementOf(staged, mode, on));
    return staging;
  }

  /** The rows of a statement, so many, are in its staging place. LS2016: several of one key. */
  async add({ staging }: S, { mode = "create", on = [] }: DatabaseWriteOptions, rows?: number): Promise<void> {
    const staged = this.#staged.get(staging)!;
    const statement = statementOf(staged, mode, on);
    await this.arrived(statement, rows);
    if (mode === "merge") {
      const twice = await this.twice(statement);
      if (twice) throw new LockstepError({ code: "LS2016", message: `${staged.table.path}: several rows have the key ${on.map((name, at) => `${name} ${twice[at]}`).join(", ")}`, fix: "dedupe() them, or roll them up by the key." });
    }
    this.statements.push(statement);
  }

  /** All statements, or none. LS2003, LS2008, LS2015, LS2020, LS2021. */
  async commit(): Promise<void> {
    if (this.statements.length === 0) return this.abort();
    const { path } = this.statements.at(-1)!.table;
    const run = (sql: string): Promise<unknown> => this.session.rows(path, sql);
    let transaction: string;
    try {
      await this.begin(path);
      for (const statement of this.statements) for (const sql of this.sqlOf(statement)) await this.session.rows(statement.table.path, sql);
      // Last, because it keeps other jobs out of the table in which that stands.
      if (!(await this.#remember(path))) {
        // Another attempt came first while this one computed.
        await run("ROLLBACK");
        return await this.abort();
      }
      await this.checkMade();
      transaction = await this.transaction(path);
    } catch (error) {
      this.hurry();
      const isOver = await run("ROLLBACK").then(() => true, () => false);
      // What is there already may be another attempt's. What is not rolled back would be committed by the next statement.
      const isCommitted = isOver && error instanceof LockstepError && error.code === "LS2007" && (await this.#isCommittedNow(path).catch(() => false));
      await this.abort();
      if (isCommitted) return;
      throw error;
    }
    await run("COMMIT").catch((error: unknown) => this.#settle(path, transaction, error));
    await this.committed();
    await this.session.end();
  }

  /** From now on the server is not waited for any longer than it takes where it can be reached: of what follows an error. */
  protected hurry(): void {}

  /** All of a write under plain Node. `bring`: its rows to their staging place; how many, if that is held against what has come. */
  async whole(table: string, columns: readonly RowColumn[], options: O, bring: (staging: S) => Promise<number | undefined>): Promise<void> {
    try {
      const staging = (await this.prepare(table, columns, options))!;
      await this.add(staging, options, await bring(staging));
    } catch (error) {
      await this.abort();
      throw error;
    }
    await this.commit();
  }

  /** Nothing is committed: what was made is dropped, as far as the server can be reached. */
  abstract abort(): Promise<void>;

  /** The name of the database's kind. */
  protected abstract readonly product: string;
  /** LS2001, LS2015. `parts`: of the name, if it is one. */
  protected abstract find(path: string, table: string, parts: readonly Part[] | undefined, options: O): Promise<Found>;
  protected abstract columns(path: string, id: string): Promise<readonly C[]>;
  /** The column of a new table; undefined: there is no such type, and what may be done. LS2015 of the name. */
  protected abstract newColumn(path: string, column: RowColumn): { readonly column: C | undefined; readonly fix: string };
  /** The column of a table that a name is for. */
  protected columnOf(name: string, columns: readonly C[]): C | undefined {
    return columns.find((one) => one.name === name);
  }
  /** The type as which values come into a column; undefined where one may not fit. */
  protected abstract fitting(type: ArrowType, column: C): ArrowType | undefined;
  /** What may be done where they do not fit. */
  protected abstract remedyFor(name: string, type: ArrowType, column: C): string;
  protected async checkMerges(_path: string): Promise<void> {}
  /** LS2015 of columns that are no keys. */
  protected checkKeys(_path: string, _keys: readonly Fitted<C>[]): void {}
  /** What can be said of a statement before there are rows. LS2020. */
  protected async checkStatement(_statement: Statement<C>): Promise<void> {}
  protected abstract stage(table: Known<C>, columns: readonly Fitted<C>[]): Promise<S>;
  /** The rows are to be there. */
  protected async arrived(_statement: Statement<C>, _rows: number | undefined): Promise<void> {}
  /** A key that several rows have. */
  protected abstract twice(statement: Statement<C>): Promise<readonly (string | null)[] | undefined>;
  /** Whether an attempt of the job with this identity has committed, by the table in which that stands, which is made. */
  protected abstract isRemembered(path: string, table: string, identity: string): Promise<boolean>;
  /** In the transaction; false: another attempt of the job has committed. */
  protected abstract remember(path: string, table: string, identity: string): Promise<boolean>;
  protected abstract begin(path: string): Promise<void>;
  /** LS2007 where a table that was made before the transaction is not this write's any longer. */
  protected async checkMade(): Promise<void> {}
  /** What a statement does in the transaction. */
  protected abstract sqlOf(statement: Statement<C>): Iterable<string>;
  /** The number of the transaction, as the last thing that is asked in it. */
  protected abstract transaction(path: string): Promise<string>;
  /** What became of a transaction; undefined: it is not known yet. */
  protected abstract stateOf(path: string, transaction: string): Promise<"committed" | "aborted" | undefined>;
  /** Of no consequence if it fails. */
  protected async committed(): Promise<void> {}

  /** The answer to COMMIT did not come, or was an error: the server is asked what became of it. */
  async #settle(path: string, transaction: string, error: unknown): Promise<void> {
    this.hurry();
    for (const until = Date.now() + 30_000; Date.now() < until; await wait(200)) {
      const state = await this.stateOf(path, transaction).catch(() => undefined);
      if (state === "committed") return;
      if (state === "aborted") {
        await this.abort();
        throw error;
      }
    }
    await this.session.end().catch(() => undefined);
    const { message } = error as Error;
    throw new LockstepError({ code: "LS2008", message: `${path}: whether it is written is not known, the server cannot be asked (${message})`, fix: "Look whether the rows are there before the job runs again; a job with an identity (--job) looks by itself.", cause: error });
  }

  /** Of a job with an identity: whether an attempt of it has committed, which is looked for with the first table. */
  async #wasCommitted(path: string, schema: string): Promise<boolean> {
    if (this.#identity === undefined) return false;
    if (this.#commits === undefined) {
      this.#commits = `${schema}.lockstep_commits`;
      this.#isCommitted = await this.isRemembered(path, this.#commits, this.#identity);
    }
    return this.#isCommitted;
  }

  /** Asked again, because an attempt may have committed since. */
  async #isCommittedNow(path: string): Promise<boolean> {
    return this.#identity !== undefined && (this.#isCommitted = await this.isRemembered(path, this.#commits!, this.#identity));
  }

  async #remember(path: string): Promise<boolean> {
    return this.#identity === undefined || this.remember(path, this.#commits!, this.#identity);
  }

  #newColumns(path: string, written: readonly RowColumn[]): C[] {
    return written.map(({ name, type }) => {
      const { column, fix } = this.newColumn(path, { name, type });
      if (column) return column;
      if (type.id === "null") throw new LockstepError({ code: "LS2015", message: `the column "${name}" has nothing but nulls, which says no type for the new table ${path}`, fix: `Say one: types: { ${name}: "string" }.` });
      throw new LockstepError({ code: "LS2015", message: `${path}: the column "${name}" is ${printType(type)}, which ${this.product} does not have`, fix });
    });
  }

  #fitted(path: string, written: readonly RowColumn[], columns: readonly C[]): Fitted<C>[] {
    const names = columns.map(({ name }) => name);
    const found = written.map(({ name }) => this.columnOf(name, columns));
    for (const column of columns) {
      if (column.isRequired && !found.includes(column)) throw new LockstepError({ code: "LS2002", message: `${path} requires a column "${column.name}", which the written table has not`, fix: "derive() it." });
    }
    return written.map(({ name, type }, at) => {
      const column = found[at];
      if (!column) throw new LockstepError({ code: "LS2002", message: `${path} has no column "${name}"${didYouMean(name, names)}`, fix: `Its columns are ${names.join(", ")}: rename() or select() them.` });
      if (found.indexOf(column) < at) throw new LockstepError({ code: "LS2002", message: `${path}: "${written[found.indexOf(column)]!.name}" and "${name}" are both the column "${column.name}"`, fix: "Leave one out with select()." });
      if (column.isGenerated) throw new LockstepError({ code: "LS2002", message: `${path}: the database alone gives values to the column "${column.name}"`, fix: "Leave it out with select()." });
      const as = this.fitting(type, column);
      if (!as) throw new LockstepError({ code: "LS2002", message: `the column "${name}" is ${printType(type)}, in ${path} it is ${column.type}`, fix: this.remedyFor(name, type, column) });
      return { name, column, type: as };
    });
  }
}

const statementOf = <C extends TableColumn>(staged: Omit<Statement<C>, "mode" | "on">, mode: DatabaseMode, on: readonly string[]): Statement<C> => ({ ...staged, mode, on: on.map((key) => staged.columns.find(({ name }) => name === key)!.column.name) });

/** What may be done with a column that a database has no type for. */
export const newColumnFix = (name: string, { id }: ArrowType): string =>
  id === "list" ? `Leave the column out with select(), unroll() it, or derive a text of it: d.${name}.join().` : id === "struct" ? `Leave the column out with select(), or derive columns of its members: d.${name}.…` : `Write it as another type: types: { ${name}: "string" }, or leave it out with select().`;

/** Digits of the largest integer of so many bits, with a sign or without. */
export const integerDigits = (type: ArrowType & { readonly id: "int" }): number => ({ 8: 3, 16: 5, 32: 10, 64: type.signed ? 19 : 20 })[type.bits];

type Wrong = (code: "LS2015" | "LS2016", message: string, fix: string) => LockstepError;

/** LS2015, LS2016 what a write says of itself. */
export function checkDatabaseWrite(verb: string, table: unknown, { mode = "create", on = [] }: DatabaseWriteOptions, site?: string): Wrong {
  const wrong: Wrong = (code, message, fix) => new LockstepError({ code, message, fix, site });
  if (typeof table !== "string" || table.trim() === "") throw wrong("LS2015", `${verb} takes the name of a table, not ${table === "" ? "an empty text" : typeof table}`, 'Write "schema.table".');
  if (mode === "merge" && on.length === 0) throw wrong("LS2016", `${verb}: mode "merge" needs the columns by which rows are the same`, 'Name them: { mode: "merge", on: ["id"] }.');
  if (mode !== "merge" && on.length > 0) throw wrong("LS2016", `${verb}: \`on\` says nothing with mode "${mode}"`, 'Leave it out, or write mode: "merge".');
  const twice = on.find((name, index) => on.indexOf(name) !== index);
  if (twice !== undefined) throw wrong("LS2016", `${verb}: \`on\` has "${String(twice)}" twice`, "Name each column once.");
  return wrong;
}
