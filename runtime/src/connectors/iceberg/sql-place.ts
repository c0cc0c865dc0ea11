/**
 * A table of a catalog in PostgreSQL, as JDBC's catalogs and PyIceberg's SqlCatalog keep it: a row names the metadata file of its state, and whoever
 * changes the row from the file that it began with has committed.
 */
import { randomUUID } from "node:crypto";
import { LockstepError } from "../../errors/index.ts";
import { openSession, quoted } from "../postgres/session.ts";
import { findTarget, type Target } from "../postgres/target.ts";
import type { StoreOptions } from "../store/options.ts";
import type { CatalogOptions, Loaded } from "./catalog.ts";
import { addressOf, namesOf, variableOf } from "./catalog-names.ts";
import { makeFolder, put, removeFiles } from "./files.ts";
import { parseMetadata, type PartitionField, type Schema, type SortOrder } from "./metadata.ts";
import { bytesOf, metadataFolder, openable } from "./paths.ts";
import { emptyMetadata, Refused, type State, type TablePlace, type Update } from "./place.ts";
import { removeForgotten, successor } from "./successor.ts";

/** As PyIceberg makes them; it finds a namespace by its properties, or its tables. */
const TABLES = [
  "CREATE TABLE IF NOT EXISTS iceberg_tables (catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), PRIMARY KEY (catalog_name, table_namespace, table_name))",
  "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL, property_value VARCHAR(1000) NOT NULL, PRIMARY KEY (catalog_name, namespace, property_key))",
];

type Ask = (sql: string) => Promise<readonly (readonly (string | null)[])[]>;

export class SqlPlace implements TablePlace {
  readonly name: string;
  readonly #target: Target;
  readonly #catalog: string;
  readonly #namespace: string;
  readonly #table: string;
  readonly #warehouse: string | undefined;
  readonly #store: StoreOptions;

  /** LS2015, LS2016 what is no such name, or address. */
  constructor(table: string, { uri, warehouse, name = "default" }: CatalogOptions, store: StoreOptions) {
    const parts = namesOf(table);
    this.#target = targetOf(uri, name);
    this.name = `${this.#target.name}: ${table}`;
    [this.#catalog, this.#namespace, this.#table] = [name, parts.slice(0, -1).join("."), parts.at(-1)!];
    this.#warehouse = warehouse ?? variableOf(name, "WAREHOUSE");
    this.#store = store;
  }

  /** Of its newest metadata file. LS2001 where there is no such table. */
  async locate(): Promise<Loaded> {
    const path = await this.#newest();
    if (path === undefined) throw new LockstepError({ code: "LS2001", message: `${this.name}: the catalog "${this.#catalog}" has no such table` });
    return { name: this.name, path, store: this.#store };
  }

  async load(): Promise<State | undefined> {
    const path = await this.#newest();
    if (path === undefined) return undefined;
    const text = new TextDecoder().decode(await bytesOf(openable(path), this.#store));
    return { metadata: parseMetadata(path, text), path, text, store: this.#store };
  }

  async begin(schema: Schema, spec: readonly PartitionField[], order: SortOrder, properties: Readonly<Record<string, string>>): Promise<State> {
    if (this.#warehouse === undefined) throw new LockstepError({ code: "LS2016", message: `${this.name}: nothing says where new tables of the catalog are`, fix: "Give catalog: { warehouse }, a folder or the URL of a store." });
    const location = [this.#warehouse.replace(/\/+$/, ""), ...this.#namespace.split("."), this.#table].join("/");
    const text = JSON.stringify(emptyMetadata(location, schema, spec, order, properties, randomUUID()));
    return { metadata: parseMetadata(this.name, text), path: undefined, text, store: this.#store };
  }

  async commit(from: State, update: Update): Promise<boolean> {
    const next = successor(from, update);
    const folder = metadataFolder(from.metadata);
    const before = Number(/(\d+)-[^/]*$/.exec(from.path ?? "")?.[1] ?? -1);
    const path = `${folder}/${String(before + 1).padStart(5, "0")}-${randomUUID()}.metadata.json`;
    await makeFolder(openable(folder));
    const remove = (): Promise<string[]> => removeFiles([openable(path)], this.#store);
    const refused = async (error: LockstepError): Promise<never> => {
      await remove();
      throw new Refused(error.toJSON());
    };
    // Before the row names it a file is nothing to the table; and a statement that the server has refused has changed no row.
    await put(openable(path), Buffer.from(JSON.stringify(next)), this.#store).catch(refused);
    const done = await this.#swap(from.path, path).catch((error: LockstepError) => (error.code === "LS2021" ? Promise.reject(error) : refused(error)));
    if (done) await removeForgotten(from, next);
    else await remove();
    return done;
  }

  #newest(): Promise<string | undefined> {
    return this.#with(async (ask) => {
      if (!(await isCatalog(ask))) return undefined;
      const [row] = await ask(`SELECT metadata_location FROM iceberg_tables WHERE ${this.#isOurs()}`);
      return row?.[0] ?? undefined;
    });
  }

  /** Whether the row named the one file, and names the other now. */
  #swap(from: string | undefined, to: string): Promise<boolean> {
    return this.#with(async (ask) => {
      if (from !== undefined) return (await ask(`UPDATE iceberg_tables SET metadata_location = ${quoted(to)}, previous_metadata_location = ${quoted(from)} WHERE ${this.#isOurs()} AND metadata_location = ${quoted(from)} RETURNING 1`)).length > 0;
      // Who may add to a catalog need not be allowed to make one.
      if (!(await isCatalog(ask))) {
        // Of sessions that make the same table at once all but one fail. It is held as long as the session.
        await ask("SELECT pg_advisory_lock(hashtext('iceberg_tables'))");
        for (const statement of TABLES) await ask(statement);
      }
      const row = [this.#catalog, this.#namespace, this.#table, to].map(quoted).join(", ");
      return (await ask(`INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location) VALUES (${row}) ON CONFLICT DO NOTHING RETURNING 1`)).length > 0;
    });
  }

  #isOurs(): string {
    return `catalog_name = ${quoted(this.#catalog)} AND table_namespace = ${quoted(this.#namespace)} AND table_name = ${quoted(this.#table)}`;
  }

  /** A session of its own: between a job's first look and its commit are its rows. */
  async #with<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    const session = await openSession(this.#target);
    try {
      return await work(async (sql) => (await session.ask(this.name, sql)).rows);
    } finally {
      await session.end();
    }
  }
}

const isCatalog = async (ask: Ask): Promise<boolean> => (await ask("SELECT to_regclass('iceberg_tables') IS NOT NULL"))[0]![0] === "t";

/** What the program says has no password; what the environment says may, and names a driver of Python's. */
function targetOf(given: string | undefined, name: string): Target {
  if (given !== undefined) return findTarget(given);
  const uri = addressOf({ name })!.replace(/^(postgres(?:ql)?)\+\w+:/, "$1:");
  const [, before, password, behind] = /^([^/]*\/\/[^/?@:]*):([^@]*)(@.*)$/s.exec(uri) ?? [];
  const target = findTarget(password === undefined ? uri : before! + behind!);
  return password === undefined ? target : { ...target, password: () => decodeURIComponent(password) };
}
