/** Where jobs commit to that are killed, or meet others: servers with a way in front of each, and what independent readers see. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Service } from "../service.ts";
import { type Catalog, restCatalog } from "../iceberg/servers.ts";
import { pyIceberg, type Seen } from "../iceberg/others.ts";
import type { Job } from "../jobs/killed.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { type Way, way } from "../postgres/cut.ts";
import { startServer as startPostgres, type Server as Postgres } from "../postgres/server.ts";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { proxy, type Proxy } from "../stores/proxy.ts";
import { versitygw } from "../stores/servers.ts";
import type * as writes from "./programs/writes.ts";

/** What becomes of a request or a message that passes a way. */
type Decide = () => "lost" | undefined;

export class Targets {
  // In the checkout, so that the built programs find @lockstep/runtime.
  readonly scratch = mkdtempSync(join(root, ".lockstep-commits-"));
  store!: Awaited<ReturnType<typeof versitygw>>;
  catalog!: Catalog;
  postgres!: Postgres;
  #ways!: { readonly store: Proxy; readonly catalog: Proxy; readonly postgres: Way };
  #programs!: Map<string, Program>;
  #pyIceberg!: Service;
  #jobs = 0;

  async open(): Promise<void> {
    const python = await pythonWith("pyiceberg");
    this.store = await versitygw();
    this.catalog = await restCatalog(this.store);
    this.postgres = await startPostgres();
    await fetch(`${this.catalog.uri}/v1/namespaces`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ namespace: ["commits"] }) });
    const ofCatalog = await proxy({ ...this.store, name: "the catalog", endpoint: this.catalog.uri });
    this.#ways = { store: await proxy(this.store), catalog: ofCatalog, postgres: await way(this.postgres.port) };
    const built = await buildPrograms([join(root, "test/commits/programs/writes.ts")], join(this.scratch, "built"));
    this.#programs = new Map(built.map((program) => [program.id.split("#")[1]!, program]));
    this.#pyIceberg = pyIceberg(python, this.store.env);
  }

  async close(): Promise<void> {
    await this.#pyIceberg?.close();
    await Promise.all(Object.values(this.#ways ?? {}).map((one) => one.stop()));
    await Promise.all([this.catalog?.stop(), this.postgres?.stop()]);
    await this.store?.stop();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  /** What reaches the servers by themselves. */
  get clean(): Record<string, string> {
    return { ...this.store.env, ...this.postgres.env, PGSSLMODE: "disable", AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" };
  }

  /** A job that reaches them by the ways, under a name that no other has, if none is given. */
  job(name: keyof typeof writes, args: readonly unknown[], job = `job-${this.#jobs++}`): Job {
    const env = { ...this.clean, AWS_ENDPOINT_URL: this.#ways.store.endpoint, PGPORT: `${this.#ways.postgres.port}` };
    return { main: join(this.scratch, `built/main-${this.#jobs++}.mjs`), module: this.#programs.get(name)!.module, export: name, job, args, env };
  }

  /** As jobs name the REST catalog, and the one in PostgreSQL. */
  get rest(): writes.Catalog {
    return { name: "rest", uri: this.#ways.catalog.endpoint };
  }

  get sql(): writes.Catalog {
    return { name: "lake", uri: `postgres://127.0.0.1:${this.#ways.postgres.port}/postgres`, warehouse: join(this.scratch, "lake") };
  }

  /** Is asked of everything that goes to a server. */
  set decide(decide: Decide | undefined) {
    for (const one of Object.values(this.#ways)) one.decide = decide;
  }

  /** A step is what goes to a server. */
  readonly watch = (step: (() => void) | undefined): void => {
    this.decide = step && (() => (step(), undefined));
  };

  /** A table as PyIceberg sees it: of a folder, of the REST catalog (`namespace.table`), or by its metadata file. */
  async byPyIceberg(table: string): Promise<Seen> {
    const [seen] = await this.#pyIceberg.ask<Seen[]>(/^commits\./.test(table) ? `${this.catalog.uri}|${table}` : table);
    return seen!;
  }

  /** The metadata file that the catalog in PostgreSQL names. */
  async metadataOf(table: string): Promise<string> {
    const [namespace, name] = table.split(".") as [string, string];
    const [row] = await this.postgres.sql(`SELECT metadata_location FROM iceberg_tables WHERE table_namespace = '${namespace}' AND table_name = '${name}'`);
    return String((row as { metadata_location: string }).metadata_location);
  }
}
