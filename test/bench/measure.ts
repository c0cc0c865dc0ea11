/**
 * One process measured from outside: wall time from exec to exit, or peak memory of its whole process tree as PSS (shared
 * pages divided among those who share them, so that several ranks are not counted several times). Not both in one run: to
 * read the PSS the kernel walks all pages of each process, which takes a good part of a core from who is timed.
 */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface Measured {
  /** Wall clock of the process, seconds. */
  readonly seconds: number;
  /** From exec until the job's own clock started (its `{"started": …}` line), seconds; null if it said nothing. */
  readonly startup: number | null;
  /** What it said by an `{"answer": […]}` line. */
  readonly answer: readonly number[] | null;
  /** Largest sum of PSS over the process tree, bytes; 0 where time was measured. */
  readonly peakBytes: number;
  /** null: ended by exit code 0. */
  readonly failure: string | null;
}

const SAMPLE_MS = 40;

/** What a run is for. */
export type Aim = "time" | "memory";

export async function measure(aim: Aim, command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Measured> {
  const start = Date.now();
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors = (errors + data.toString()).slice(-2000)));
  let peakBytes = 0;
  const sampler = setInterval(() => {
    if (aim === "memory" && child.pid !== undefined) peakBytes = Math.max(peakBytes, treePss(child.pid));
  }, SAMPLE_MS);
  const failure = await new Promise<string | null>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (code, signal) => resolve(code === 0 ? null : `${signal ?? `exit ${code}`}: ${errors.trim().split("\n").at(-1) ?? ""}`));
  });
  const seconds = (Date.now() - start) / 1000;
  clearInterval(sampler);
  const started = /\{"started": ?([\d.]+)\}/.exec(output);
  const answer = /\{"answer": ?(\[[^\]]*\])\}/.exec(output)?.[1];
  return { seconds, answer: answer === undefined ? null : (JSON.parse(answer) as number[]), startup: started?.[1] === undefined ? null : Number(started[1]) - start / 1000, peakBytes, failure };
}

/** PSS of a process and all its descendants, bytes. */
function treePss(root: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]));
    } catch {
      // The process has ended since the listing.
    }
  }
  let sum = 0;
  for (const pid of parents.keys()) {
    let ancestor: number | undefined = pid;
    while (ancestor !== undefined && ancestor !== root && ancestor > 1) ancestor = parents.get(ancestor);
    if (ancestor === root) sum += pss(pid);
  }
  return sum;
}

function pss(pid: number): number {
  try {
    return Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
