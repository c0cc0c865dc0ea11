/** Runs of the page: each is built in a folder of its own and given to the job service. */
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type JobEvent, Jobs, type JobService, startJobService } from "@lockstep/runtime/jobs";
import { Refusal } from "../answer.ts";
import { aggregateProgram } from "./aggregate.ts";
import { type BuildOptions, buildProgram } from "./build.ts";
import { compareTables, type Comparison } from "./compare.ts";
import { makeExampleData } from "./example-data.ts";
import { type ResultTable, valueTable, writtenTables } from "./outputs.ts";
import { makeWorkspace } from "./workspace.ts";

export interface RunOptions {
  readonly files: Readonly<Record<string, string>>;
  readonly entry: string;
  readonly arguments: readonly string[];
  /** 0: plain Node. */
  readonly ranks: number;
  readonly example: string | null;
  readonly options: BuildOptions;
}

/** What the page is told of a run. */
export type RunEvent = JobEvent | { readonly built: string } | { readonly failed: string };

/** A program that does not end is stopped; a rank has so much memory. */
const LIMITS = { seconds: 60, memoryBytes: 1 << 30 };

export class Runs {
  readonly #root: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "lockstep-playground-"));
  readonly #runs = new Map<string, { readonly job: string; readonly workspace: string; readonly ranks: number; tables?: Promise<ResultTable[]> }>();
  /** Started with the first run. */
  #service: Promise<{ service: JobService; jobs: Jobs }> | undefined;

  constructor(root: string) {
    this.#root = root;
    mkdirSync(this.uploads);
  }

  get uploads(): string {
    return join(this.#folder, "uploads");
  }

  /** Keeps an upload; its path for a program is `uploads/NAME`. */
  upload(name: string, bytes: Buffer): string {
    if (!/^[\w][\w .-]*\.(csv|parquet)$/i.test(name)) throw new Refusal(400, `${name}: data are Parquet or CSV files`);
    writeFileSync(join(this.uploads, name), bytes);
    return `uploads/${name}`;
  }

  /** Builds and starts; the events end with the run. */
  async *start(wanted: RunOptions, named: (run: string) => void): AsyncGenerator<RunEvent> {
    const { files, entry, ranks, example, options } = wanted;
    if (!Object.hasOwn(files, entry)) throw new Refusal(400, `there is no ${entry}`);
    const { jobs } = await (this.#service ??= startService());
    if (example !== null) await makeExampleData(example);
    const workspace = makeWorkspace({ folder: this.#folder, files, root: this.#root, example, uploads: this.uploads });
    let program = join(workspace, entry);
    if (ranks > 0) {
      try {
        const built = await buildProgram(workspace, entry, options);
        ({ program } = built);
        yield { built: built.said };
      } catch (error) {
        // Without colours, which are a terminal's.
        yield { failed: stripVTControlCharacters((error as Error).message) };
        return;
      }
    }
    const job = await jobs.run({ program, arguments: wanted.arguments, folder: workspace, ranks, ...LIMITS });
    const run = randomUUID();
    this.#runs.set(run, { job, workspace, ranks });
    named(run);
    yield* jobs.watch(job);
  }

  async cancel(run: string): Promise<boolean> {
    return (await this.#jobs()).cancel(this.#find(run).job);
  }

  /** JSON. */
  async left(run: string, what: "profile" | "trace"): Promise<string> {
    return (await this.#jobs()).result(this.#find(run).job, what);
  }

  tables(run: string): Promise<ResultTable[]> {
    const found = this.#find(run);
    return (found.tables ??= this.#read(found.job, found.workspace));
  }

  async compare(run: string, other: string): Promise<Comparison> {
    return compareTables(await this.tables(run), await this.tables(other));
  }

  /** The points of a chart of a large table, made by as many ranks as made the table. */
  async aggregate(run: string, table: ResultTable, x: string, y: string): Promise<readonly unknown[]> {
    for (const name of [x, y]) if (!table.columns.includes(name)) throw new Refusal(400, `${table.name} has no column ${name}`);
    const program = await aggregateProgram(table, x, y);
    let id = "";
    const said: string[] = [];
    const wanted = { files: { "chart.ts": program }, entry: "chart.ts", arguments: [await table.path()], ranks: Math.max(1, this.#find(run).ranks), example: null, options: { report: false } };
    for await (const event of this.start(wanted, (started) => void (id = started))) {
      if ("failed" in event) throw new Refusal(500, event.failed);
      if ("output" in event && event.output) said.push(event.output.text);
      if ("state" in event && event.state?.phase === "FAILED") throw new Refusal(500, said.join("") || event.state.message);
    }
    const [points] = await this.tables(id);
    return points ? points.page(0, points.rows) : [];
  }

  async close(): Promise<void> {
    const started = await this.#service?.catch(() => undefined);
    started?.jobs.close();
    await started?.service.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #read(job: string, workspace: string): Promise<ResultTable[]> {
    const value = JSON.parse(await (await this.#jobs()).result(job, "value").catch(() => "null")) as unknown;
    const table = valueTable(value, workspace);
    return [...(table ? [table] : []), ...(await writtenTables(workspace))];
  }

  #find(run: string) {
    const found = this.#runs.get(run);
    if (!found) throw new Refusal(404, `there is no run ${run}`);
    return found;
  }

  async #jobs(): Promise<Jobs> {
    return (await (this.#service ??= startService())).jobs;
  }
}

async function startService(): Promise<{ service: JobService; jobs: Jobs }> {
  const token = randomUUID();
  const service = await startJobService(token);
  return { service, jobs: await Jobs.connect(service.address, token) };
}
