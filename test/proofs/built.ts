/** The job of the proofs, built once per test file, with tables of a stranger's Parquet beside it. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { JobProcess } from "../jobs/job-process.ts";
import { root } from "../scripts/lib.mjs";

const cli = join(root, "runtime/bin/lockstep.mjs");

export class Built {
  readonly folder: string;

  constructor(name: string) {
    this.folder = join(root, `.lockstep-${name}-${process.pid}`);
  }

  async make(): Promise<void> {
    mkdirSync(this.folder);
    await build({
      entryPoints: [join(root, "test/proofs/job.ts")], outdir: this.at("dist"), bundle: true, format: "esm", platform: "node", logLevel: "error",
      plugins: [lockstepPlugin({ root, report: false })],
    });
  }

  at(name: string): string {
    return join(this.folder, name);
  }

  /** `rows` rows of 5,000 keys in two files of small row groups; `columns` in SQL over `i`. */
  async data(name: string, rows: number, columns = "i as id, (hash(i) % 5000)::int as key, (hash(i * 5) % 1000003) / 1000003.0 as x"): Promise<string> {
    mkdirSync(this.at(name));
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    for (const [file, from, to] of [["a", 0, rows / 4], ["b", rows / 4, rows]] as const) {
      await connection.run(`copy (select ${columns} from range(${from}, ${to}) t(i)) to '${join(this.at(name), `${file}.parquet`)}' (format parquet, row_group_size 10240)`);
    }
    connection.closeSync();
    instance.closeSync();
    return this.at(name);
  }

  /** The arguments of Node for `lockstep run`, with its `options`. */
  command(ranks: number, args: readonly string[], options: readonly string[] = []): string[] {
    return [cli, "run", "-n", `${ranks}`, "--threads", "1", ...options, this.at("dist/job.mjs"), "--", ...args];
  }

  start(ranks: number, args: readonly string[], env: NodeJS.ProcessEnv = {}, options: readonly string[] = []): JobProcess {
    return new JobProcess(this.command(ranks, args, options), env);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
