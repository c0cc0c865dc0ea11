/** What tests of written tables have around them: an S3 server, a REST catalog with a namespace, the programs built, ranks that run them, PyIceberg and Java. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { RankPool } from "../oracle/rank-pool.ts";
import { pythonWith } from "../python.ts";
import { root } from "../scripts/lib.mjs";
import { versitygw, within, type Server } from "../stores/servers.ts";
import { javaIceberg, pyIceberg, type JavaDoes, type Planned, type Seen } from "./others.ts";
import type { Service } from "../service.ts";
import { icebergLibrary, restCatalog, type Catalog } from "./servers.ts";

export class Lake<Jobs extends object> {
  // In the checkout, so that the built programs find @lockstep/runtime.
  readonly scratch: string;
  store!: Server;
  catalog!: Catalog;
  readonly #name: string;
  readonly #jobs: Jobs;
  readonly #namespace: string;
  readonly #pools = new Map<number, RankPool>();
  #programs!: Map<string, Program>;
  /** The folder of a Python that has PyIceberg. */
  python!: string;
  #pyIceberg: Service | undefined;
  #java: Promise<Service> | undefined;

  /** `jobs`: the module `programs/NAME.ts`. */
  constructor(name: string, jobs: Jobs, namespace: string) {
    [this.#name, this.#jobs, this.#namespace] = [name, jobs, namespace];
    this.scratch = mkdtempSync(join(root, `.lockstep-iceberg-${name}-`));
  }

  async open(): Promise<void> {
    this.python = await pythonWith("pyiceberg");
    this.store = await versitygw();
    this.catalog = await restCatalog(this.store);
    await fetch(`${this.catalog.uri}/v1/namespaces`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ namespace: [this.#namespace] }) });
    const built = await buildPrograms([join(root, `test/iceberg/programs/${this.#name}.ts`)], join(this.scratch, "built"));
    this.#programs = new Map(built.map((program) => [program.id.split("#")[1]!, program]));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    await Promise.all([this.#pyIceberg?.close(), this.#java?.then((service) => service.close())]);
    await this.catalog?.stop();
    await this.store?.stop();
    rmSync(this.scratch, { recursive: true, force: true });
  }

  environment(): Record<string, string> {
    return { ...this.store.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent" };
  }

  /** 0 ranks: plain Node. An attempt of a `job` has ranks of its own. */
  async run(ranks: number, name: keyof Jobs & string, args: readonly unknown[], job?: string): Promise<unknown> {
    if (ranks === 0) return within(this.environment(), () => (this.#jobs[name] as (...args: unknown[]) => Promise<unknown>)(...args));
    const { chunk, id } = this.#programs.get(name)!;
    const pool = job === undefined ? this.#pool(ranks) : new RankPool(ranks, { ...this.environment(), LOCKSTEP_JOB: job });
    const answer = await pool.run({ chunk, id, args: [...args] });
    if (job !== undefined) await pool.close();
    if ("error" in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.value;
  }

  #pool(ranks: number): RankPool {
    const pool = this.#pools.get(ranks) ?? new RankPool(ranks, this.environment());
    this.#pools.set(ranks, pool);
    return pool;
  }

  byPyIceberg(...tables: string[]): Promise<Seen[]> {
    this.#pyIceberg ??= pyIceberg(this.python, this.environment());
    return this.#pyIceberg.ask(...tables);
  }

  async byJava(does: JavaDoes, ...tables: string[]): Promise<Planned[]> {
    this.#java ??= icebergLibrary().then((library) => javaIceberg(library, this.environment()));
    return (await this.#java).ask(does, ...tables);
  }
}
