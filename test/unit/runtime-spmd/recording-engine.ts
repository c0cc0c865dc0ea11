import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Plan } from "@lockstep/native/plan";
import type { Execution } from "@lockstep/native";
import type { Engine, Native } from "../../../runtime/src/spmd/engine.ts";
import type { World } from "../../../runtime/src/spmd/world.ts";

/** What the engine answers to a sink; rows default to 3. */
export type Answer = (sink: Plan["sinks"][number], plan: Plan) => { rows?: number; ipc?: Uint8Array };

/** An engine of one rank that records what it is asked and computes nothing. */
export class RecordingEngine {
  readonly plans: Plan[] = [];
  readonly log: string[] = [];
  readonly opened: { paths: string[] }[] = [];
  readonly registered: Uint8Array[] = [];
  answer: Answer = () => ({ rows: 3 });
  /** The output whose commit fails. */
  failCommitOf: string | undefined;
  #datasets = 0;

  async openParquet(json: string): Promise<string> {
    this.opened.push(JSON.parse(json));
    return JSON.stringify({ dataset: ++this.#datasets, rows: 10, files: 1, bytes: 100, schema: [] });
  }
  openArrow(json: string): Promise<string> {
    return this.openParquet(json);
  }
  openCsv(json: string): Promise<string> {
    return this.openParquet(json);
  }
  openJsonLines(json: string): Promise<string> {
    return this.openParquet(json);
  }
  openFlightSql(json: string): Promise<string> {
    return this.openParquet(json);
  }
  openAdbc(json: string): Promise<string> {
    return this.openParquet(json);
  }
  openSnowflake(json: string): Promise<string> {
    return this.openParquet(json);
  }
  openPostgres(json: string): Promise<string> {
    return this.openParquet(json);
  }
  async registerTable(ipc: Uint8Array): Promise<number> {
    this.registered.push(ipc);
    return ++this.#datasets;
  }
  async execute(text: string): Promise<Execution> {
    const plan = JSON.parse(text) as Plan;
    this.plans.push(plan);
    this.log.push(`execute ${plan.sinks.map((sink) => sink.op).join(" ")}`);
    const sinks = plan.sinks.map((sink) => {
      const { ipc, ...rest } = this.answer(sink, plan);
      return ipc ? { ...rest, ipc: Buffer.from(ipc) } : rest;
    });
    return { sinks, profile: "{}" };
  }
  async explain(): Promise<string> {
    return "";
  }
  progress(): number[] {
    return [0, 0, 0, 0];
  }
  storeTraffic(): number[] {
    return [0, 0];
  }
  releaseSpool(id: number): void {
    this.log.push(`release ${id}`);
  }
  closeDataset(id: number): void {
    this.log.push(`close ${id}`);
  }
  async broadcast(bytes: Uint8Array | null): Promise<Buffer> {
    return Buffer.from(bytes!);
  }
  async allgather(bytes: Uint8Array): Promise<Buffer[]> {
    return [Buffer.from(bytes)];
  }
  async barrier(): Promise<void> {}
  fail(): void {
    this.log.push("fail");
  }
  async settle(outcome: Uint8Array): Promise<Buffer[]> {
    return [Buffer.from(outcome)];
  }
  async close(): Promise<void> {}
}

/** Outputs as the addon makes them. */
const nativeOf = (engine: RecordingEngine): Native => ({
  Engine: undefined as never,
  async prepareOutput(path, mode, job) {
    if (mode === "create" && existsSync(path)) throw new Error(JSON.stringify({ code: "LS2007", message: `${path} exists` }));
    const staging = join(dirname(path), `.${basename(path)}.lockstep-${job}`);
    mkdirSync(staging);
    return staging;
  },
  async commitOutput(staging, path) {
    if (path === engine.failCommitOf) throw new Error(JSON.stringify({ code: "LS2008", message: `${path} cannot be written` }));
    rmSync(path, { recursive: true, force: true });
    renameSync(staging, path);
  },
  async joinParts() {},
  async abortOutput(staging) {
    rmSync(staging, { recursive: true, force: true });
  },
});

export function worldOf(engine: RecordingEngine): World {
  return {
    rank: 0, size: 1, job: "test", engine: engine as unknown as Engine, native: nativeOf(engine),
    staged: () => undefined,
    lost: (error) => Promise.reject(error as Error),
    profiled: () => undefined,
    used: () => undefined,
  };
}
