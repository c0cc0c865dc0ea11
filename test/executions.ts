/** Programs of one module or several, untransformed in this process and compiled on pools of ranks, with a server's environment where they have one. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { buildPrograms, type Program } from "./oracle/build-programs.ts";
import { type Answer, RankPool } from "./oracle/rank-pool.ts";
import { root } from "./scripts/lib.mjs";
import { within } from "./stores/servers.ts";

type Env = Readonly<Record<string, string>>;

export class Executions<Module extends object> {
  // In the checkout, so that the built programs find @lockstep/runtime.
  readonly scratch = mkdtempSync(join(root, ".lockstep-executions-"));
  readonly #module: Module;
  readonly #files: readonly string[];
  readonly #pools = new Map<number, RankPool>();
  #programs = new Map<string, Program>();
  #env: Env = {};

  /** `module`: what `files`, named from the root of the repository, export. */
  constructor(module: Module, ...files: string[]) {
    this.#module = module;
    this.#files = files.map((file) => join(root, file));
  }

  async open(env: Env = {}): Promise<void> {
    this.#env = env;
    const built = await buildPrograms(this.#files, join(this.scratch, "built"));
    this.#programs = new Map(built.map((program) => [program.id.split("#")[1]!, program]));
  }

  program(name: keyof Module): Program {
    return this.#programs.get(String(name))!;
  }

  plain(name: keyof Module, args: readonly unknown[], env: Env = this.#env): Promise<Answer> {
    return within(env, () => (this.#module[name] as (...args: unknown[]) => Promise<unknown>)(...args)).then(
      (value): Answer => ({ value }),
      (error: Error & { code?: string }): Answer => ({ error: { name: error.name, ...(error.code !== undefined && { code: error.code }), message: error.message } }),
    );
  }

  onRanks(ranks: number, name: keyof Module, args: readonly unknown[]): Promise<Answer> {
    const pool = this.#pools.get(ranks) ?? new RankPool(ranks, this.#env);
    this.#pools.set(ranks, pool);
    return this.on(pool, name, args);
  }

  on(pool: RankPool, name: keyof Module, args: readonly unknown[]): Promise<Answer> {
    const { chunk, id } = this.program(name);
    return pool.run({ chunk, id, args });
  }

  /** What it gave; an error fails the test. */
  async value(answer: Promise<Answer>): Promise<unknown> {
    const found = await answer;
    if ("error" in found) expect.fail(`${found.error.code}: ${found.error.message}`);
    return found.value;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
