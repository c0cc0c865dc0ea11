/** Runs of the page: each is built in a folder of its own and given to the job service. */
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Janitor, type JobEvent, Jobs, type JobService, startJobService } from "@lockstep/runtime/jobs";
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

/** What the page is told of a run: first its name. */
export type RunEvent = JobEvent | { readonly run: string } | { readonly built: string } | { readonly failed: string; readonly printed?: string };

interface Run {
  readonly ranks: number;
  readonly stopped: AbortController;
  over: boolean;
  workspace?: string;
  job?: string;
  tables?: Promise<ResultTable[]>;
}

/** A program that does not end is stopped; a rank has so much memory. */
const LIMITS = { seconds: 60, memoryBytes: 1 << 30 };
/** Runs that keep their results; the job service keeps as many. */
const KEPT = 50;

export class Runs {
  readonly #root: string;
  readonly #runs = new Map<string, Run>();
  /** Made with the first upload or run. */
  #folder: string | undefined;
  #service: Promise<{ service: JobService; jobs: Jobs }> | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** Keeps an upload; its path for a program is `uploads/NAME`. */
  upload(name: string, bytes: Buffer): string {
    if (!/^[\p{L}\p{N}_][\p{L}\p{N}_ ().+-]{0,120}\.(csv|parquet|arrow|arrows|feather|jsonl|ndjson|json)$/iu.test(name)) throw new Refusal(400, "data are Parquet, Arrow, CSV or JSON Lines files, whose names end so and hold letters, digits and . _ - + ( )");
    writeFileSync(join(this.#uploads(), name), bytes);
    return `uploads/${name}`;
  }

  /** Builds and starts; the events end with the run. */
  async *start(wanted: RunOptions): AsyncGenerator<RunEvent> {
    const id = randomUUID();
    const run: Run = { ranks: wanted.ranks, stopped: new AbortController(), over: false };
    this.#runs.set(id, run);
    this.#forget();
    yield { run: id };
    try {
      yield* this.#events(run, wanted);
    } catch (error) {
      yield run.stopped.signal.aborted ? { state: { phase: "CANCELLED", seconds: 0, message: "cancelled before it started" } } : { failed: (error as Error).message };
    } finally {
      run.over = true;
    }
  }

  async *#events(run: Run, wanted: RunOptions): AsyncGenerator<RunEvent> {
    const { files, entry, ranks, example, options } = wanted;
    const { signal } = run.stopped;
    if (!Object.hasOwn(files, entry)) throw new Refusal(400, `there is no ${entry}`);
    const jobs = await this.#jobs();
    if (example !== null) await makeExampleData(example, signal);
    const workspace = (run.workspace = makeWorkspace({ folder: this.#temporary(), files, root: this.#root, example, uploads: this.#uploads() }));
    // As the page calls its files.
    const named = (text: string) => text.replaceAll(`${workspace}/`, "");
    let program = join(workspace, entry);
    if (ranks > 0) {
      const built = await buildProgram({ workspace, entry, options }, signal);
      if ("wrong" in built) return yield { failed: "the build failed", printed: named(built.wrong) };
      yield { built: built.said };
      ({ program } = built);
    }
    signal.throwIfAborted();
    run.job = await jobs.run({ program, arguments: wanted.arguments, folder: workspace, ranks, ...LIMITS });
    if (signal.aborted) await jobs.cancel(run.job);
    for await (const event of jobs.watch(run.job)) yield "output" in event && event.output ? { output: { ...event.output, text: named(event.output.text) } } : event;
  }

  /** False: it had ended. */
  async cancel(id: string): Promise<boolean> {
    const run = this.#find(id);
    if (run.over) return false;
    run.stopped.abort();
    return run.job === undefined || (await this.#jobs()).cancel(run.job);
  }

  /** JSON. */
  async left(id: string, what: "profile" | "trace"): Promise<string> {
    const json = await (await this.#jobs()).result(this.#job(id), what);
    if (json === null) throw new Refusal(404, `the run left no ${what}`);
    return json;
  }

  tables(id: string): Promise<ResultTable[]> {
    const run = this.#find(id);
    return (run.tables ??= this.#read(this.#job(id), run.workspace!));
  }

  async compare(id: string, other: string): Promise<Comparison> {
    return compareTables(await this.tables(id), await this.tables(other));
  }

  /** The points of a chart of a large table, made by as many ranks as made the table; `gone`: nobody wants them any more. */
  async aggregate(of: string, table: ResultTable, x: string, y: string, gone: AbortSignal): Promise<readonly unknown[]> {
    for (const name of [x, y]) if (!table.columns.includes(name)) throw new Refusal(400, `${table.name} has no column ${name}`);
    const program = await aggregateProgram(table, x, y);
    let id = "";
    const said: string[] = [];
    const wanted = { files: { "chart.ts": program }, entry: "chart.ts", arguments: [await table.path()], ranks: Math.max(1, this.#find(of).ranks), example: null, options: { report: false } };
    for await (const event of this.start(wanted)) {
      if ("run" in event) {
        id = event.run;
        gone.addEventListener("abort", () => void this.cancel(id).catch(() => undefined), { once: true });
      }
      if ("failed" in event) throw new Refusal(500, event.printed ?? event.failed);
      if ("output" in event && event.output) said.push(event.output.text);
      if ("state" in event && event.state && (event.state.phase === "FAILED" || event.state.phase === "CANCELLED")) throw new Refusal(500, said.join("") || event.state.message);
    }
    const [points] = await this.tables(id);
    return points ? points.page(0, points.rows) : [];
  }

  async close(): Promise<void> {
    for (const run of this.#runs.values()) run.stopped.abort();
    const started = await this.#service?.catch(() => undefined);
    started?.jobs.close();
    await started?.service.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  #temporary(): string {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), "lockstep-playground-"));
      // A server that is killed leaves nothing, either.
      new Janitor().watch([this.#folder]);
    }
    return this.#folder;
  }

  #uploads(): string {
    const folder = join(this.#temporary(), "uploads");
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** The oldest, with all that they wrote. */
  #forget(): void {
    for (const [id, { over, workspace }] of this.#runs) {
      if (this.#runs.size <= KEPT) return;
      if (!over) continue;
      this.#runs.delete(id);
      if (workspace !== undefined) rmSync(workspace, { recursive: true, force: true });
    }
  }

  async #read(job: string, workspace: string): Promise<ResultTable[]> {
    const value = JSON.parse((await (await this.#jobs()).result(job, "value")) ?? "null") as unknown;
    const table = valueTable(value, workspace);
    return [...(table ? [table] : []), ...(await writtenTables(workspace))];
  }

  #find(id: string): Run {
    const found = this.#runs.get(id);
    if (!found) throw new Refusal(404, `there is no run ${id}: the last ${KEPT} are kept`);
    return found;
  }

  #job(id: string): string {
    const { job } = this.#find(id);
    if (job === undefined) throw new Refusal(404, "the run never started");
    return job;
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
