/** One job done by several systems: their times and memory side by side, and whether they gave the same answer. */
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Line } from "./aims.ts";
import { median, type Aim, type Measured } from "./measure.ts";
import { scratch } from "./scratch.ts";

export interface System {
  readonly name: string;
  /** Rows it is asked to do: plain Node gets fewer. */
  readonly rows: number;
  run(aim: Aim, out: string): Promise<Measured>;
  /** Seconds from exec to the first batch asked of a scan, for who does not say so itself while it is timed. */
  startup?(): Promise<number>;
}

/** Checksums that two right answers share. */
export type Answer = readonly (bigint | number)[];

export interface Job {
  readonly suite: string;
  readonly case: string;
  readonly rows: number;
  readonly systems: readonly System[];
  /** Of a written result, or of what the run said; null if there is none. */
  answer(out: string, run: Measured): Promise<Answer | null>;
  /** Before each round. */
  round?(): Promise<void>;
}

/** A line a system: medians of `rounds` rounds. */
export async function compare(job: Job, rounds: number): Promise<(Record<string, unknown> & Line)[]> {
  const { systems } = job;
  const folder = scratch(tmpdir(), "lockstep-bench-");
  const runs = new Map<string, Measured[]>(systems.map((system) => [system.name, []]));
  const peaks = new Map<string, number>();
  const startups = new Map<string, number[]>(systems.map((system) => [system.name, []]));
  /** Of every timed run; null: there was none. */
  const answers = new Map<string, (Answer | null)[]>(systems.map((system) => [system.name, []]));
  try {
    for (const system of systems) {
      const out = join(folder, system.name);
      peaks.set(system.name, (await system.run("memory", out)).peakBytes);
      removeOutput(out);
    }
    for (let round = 0; round < rounds; round++) {
      await job.round?.();
      // Interleaved, and each round begins with another one: a disturbance of the machine, and what a predecessor left
      // in caches and free memory, hit all systems alike.
      for (const system of [...systems.slice(round % systems.length), ...systems.slice(0, round % systems.length)]) {
        const out = join(folder, system.name);
        const measured = await system.run("time", out);
        runs.get(system.name)?.push(measured);
        answers.get(system.name)?.push(measured.failure === null ? await job.answer(out, measured) : null);
        removeOutput(out);
        const startup = measured.startup ?? (await system.startup?.());
        if (startup !== undefined) startups.get(system.name)?.push(startup);
        console.error(`${job.case} ${round + 1}/${rounds} ${system.name.padEnd(14)} ${measured.seconds.toFixed(2)} s ${measured.failure ?? ""}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  /** What a system's answers are compared with: the first answer of somebody else on the same rows, DuckDB's if it ran. */
  function referenceFor(name: string): Answer | null {
    const others = systems.filter((other) => other.rows === job.rows && other.name !== name && !(isOurs(other.name) && isOurs(name)));
    const found = [...others.filter((other) => other.name === "duckdb"), ...others].flatMap((other) => answers.get(other.name) ?? []);
    return found.find((answer) => answer !== null) ?? null;
  }

  return systems.map(({ name, rows }) => {
    const all = runs.get(name) ?? [];
    const failure = all.find((run) => run.failure !== null)?.failure;
    const reference = rows === job.rows ? referenceFor(name) : null;
    const wrong = reference !== null && (answers.get(name) ?? []).some((answer) => answer === null || !sameAnswer(reference, answer));
    const seconds = all.map((run) => run.seconds);
    const starts = startups.get(name) ?? [];
    return {
      suite: job.suite,
      case: job.case,
      system: name,
      seconds: median(seconds),
      seconds_min: Math.min(...seconds),
      seconds_max: Math.max(...seconds),
      startup_seconds: starts.length > 0 ? median(starts) : null,
      peak_bytes: peaks.get(name) ?? null,
      rows,
      status: failure !== undefined ? `failed: ${failure}` : wrong ? "wrong answer" : reference !== null ? "ok" : "ok, not compared",
    };
  });
}

const isOurs = (name: string): boolean => name.startsWith("lockstep");

function sameAnswer(a: Answer, b: Answer): boolean {
  return a.length === b.length && a.every((value, i) => (typeof value === "number" ? Math.abs(value - Number(b[i])) <= 1e-9 * Math.abs(value) : value === b[i]));
}

function removeOutput(out: string): void {
  rmSync(out, { recursive: true, force: true });
}

/** The one row that `query` gives of the written files; null if there are none. */
export async function answerOf(out: string, query: (files: string) => string): Promise<Answer | null> {
  if (!existsSync(out)) return null;
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(query(`'${out}/*.parquet'`))).getRows()[0] as (bigint | number)[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
