/** Starts the program as users do and watches all of its processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../scripts/lib.mjs";

export const program = join(root, "test/jobs/program/job.mjs");
const cli = join(root, "runtime/bin/lockstep.mjs");

/** `run`: under `lockstep run`. `self`: `node job.mjs`, which starts its ranks itself. */
export type Mode = "run" | "self";

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class JobProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<End>;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string) {
    // A test runner's variables would keep the program to one rank.
    const { VITEST: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
    this.#child = spawn(process.execPath, command, { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...inherited, LOCKSTEP_MEMORY: "256MB", ...env } });
    const text = { stdout: "", stderr: "" };
    this.#child.stdout!.on("data", (data: Buffer) => (text.stdout += data.toString()));
    this.#child.stderr!.on("data", (data: Buffer) => (text.stderr += data.toString()));
    // "close": the streams end when the last rank, which holds them as well, is gone.
    this.ended = new Promise((resolve) => this.#child.once("close", (code, signal) => resolve({ code, signal, ...text })));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

export function start(mode: Mode, ranks: number, args: readonly string[], { options = [], env = {} }: { options?: readonly string[]; env?: NodeJS.ProcessEnv } = {}): JobProcess {
  return mode === "run"
    ? new JobProcess([cli, "run", "-n", `${ranks}`, ...options, program, "--", ...args], env)
    : new JobProcess([program, ...args], { LOCKSTEP_RANKS: `${ranks}`, ...env });
}

export function lockstep(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): JobProcess {
  return new JobProcess([cli, ...args], env, cwd);
}

/** A folder for one test's files. */
export class Scratch {
  readonly path = mkdtempSync(join(tmpdir(), "lockstep-job-"));

  /** The process ids that the ranks left here, when all have. */
  async pids(ranks: number): Promise<number[]> {
    const files = Array.from({ length: ranks }, (_, rank) => join(this.path, `rank-${rank}`));
    const end = Date.now() + 120_000;
    while (!files.every((file) => existsSync(file) && readFileSync(file, "utf8") !== "")) {
      if (Date.now() > end) throw new Error(`only ${readdirSync(this.path).join(", ")} after 20 s`);
      await delay(10);
    }
    return files.map((file) => Number(readFileSync(file, "utf8")));
  }

  /** Staging and spill directories that somebody forgot. */
  get leftovers(): string[] {
    return readdirSync(this.path).filter((name) => name.includes("lockstep"));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Those of the processes that are still there. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    try {
      return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    } catch {
      return false;
    }
  });
}
