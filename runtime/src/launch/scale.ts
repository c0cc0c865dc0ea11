/** `lockstep scale`: one run after another on more and more ranks, and a table of what each took. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../errors/index.ts";
import { alignColumns } from "../observe/columns.ts";
import { cost, type Took, took, type TrialReport } from "../observe/summary.ts";
import { bytes } from "../observe/units.ts";
import { allowedCores } from "./resources.ts";
import { trialEnvironment } from "./trial.ts";

export interface ScaleRequest {
  readonly ranks: readonly number[];
  /** Rows that are read of inputs that have more; null: all. */
  readonly sample: number | null;
  readonly price?: number | undefined;
  readonly json?: boolean | undefined;
}

/** Prints what the program takes on each count of ranks, one thread each. LS2022: a run failed. */
export async function scale(bundle: string, args: readonly string[], { ranks, sample, price, json = false }: ScaleRequest): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-scale-"));
  const runs: Took[] = [];
  try {
    // The first run finds files and programs that are not in the system's caches: it is not among those compared.
    for (const [at, count] of [ranks[0]!, ...ranks].entries()) {
      const report = join(folder, `${at}.json`);
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${count} rank${count === 1 ? "" : "s"} …`);
      await run(bundle, args, count, trialEnvironment({ sample, report }));
      if (at === 0) continue;
      runs.push(took({ size: count, threads: 1, price }, readReport(report)));
      if (json) process.stdout.write(`${JSON.stringify({ ...runs.at(-1), ...(price !== undefined && cost(runs.at(-1)!, price)) })}\n`);
    }
  } finally {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    rmSync(folder, { recursive: true, force: true });
  }
  if (!json) process.stdout.write(`${lines(runs, price).join("\n")}\n`);
}

function readReport(file: string): TrialReport {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as TrialReport;
  } catch (error) {
    throw new LockstepError({ code: "LS2022", message: "the program called no function that says \"use spmd\"", fix: "Give it the arguments with which it works: lockstep scale dist/job.mjs -- arguments", cause: error });
  }
}

/** What the job prints is not shown, unless it fails. */
async function run(bundle: string, args: readonly string[], ranks: number, env: NodeJS.ProcessEnv): Promise<void> {
  const command = [process.argv[1]!, "run", "-n", `${ranks}`, "--threads", "1", "--no-progress", "--no-summary", bundle, "--", ...args];
  const child = spawn(process.execPath, command, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (said = (said + text).slice(-10_000)));
  const stop = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on("SIGTERM", stop).on("SIGINT", stop);
  try {
    const code = await new Promise<number | NodeJS.Signals | null>((resolve) => child.once("close", (exit, signal) => resolve(signal ?? exit)));
    if (code !== 0) throw new LockstepError({ code: "LS2022", message: `the run on ${ranks} rank${ranks === 1 ? "" : "s"} failed (${code}):\n${said.trimEnd()}`, fix: "Mend that first; `lockstep run` runs it alone." });
  } finally {
    process.off("SIGTERM", stop).off("SIGINT", stop);
  }
}

function lines(runs: readonly Took[], price: number | undefined): string[] {
  const [first] = runs;
  const head = ["ranks", "rows read", "seconds", "speed-up", "core-seconds", "waiting", "memory", "exchanged", "MB/s a core", ...(price === undefined ? [] : ["cost", "Wh"])];
  const rows = runs.map((one) => {
    const { ranks, rows, seconds, busy, waiting, memory, exchanged, speed } = one;
    const money = price === undefined ? [] : Object.values(cost(one, price)).map((value) => value.toPrecision(3));
    return [`${ranks}`, rows.toLocaleString("en-US"), seconds.toFixed(2), (first!.seconds / seconds).toFixed(2), busy.toFixed(2), waiting.toFixed(2), bytes(memory), bytes(exchanged), (speed / 1e6).toFixed(1), ...money];
  });
  const least = (of: (one: Took) => number) => runs.reduce((best, one) => (of(one) < of(best) ? one : best));
  const [cheapest, fastest] = [least(({ busy, waiting }) => busy + waiting), least(({ seconds }) => seconds)];
  const dearer = (fastest.busy + fastest.waiting) / (cheapest.busy + cheapest.waiting);
  const cores = allowedCores();
  return [
    ...alignColumns([head, ...rows]),
    cheapest === fastest ? `cheapest and fastest: ${on(cheapest)}` : `cheapest: ${on(cheapest)}; fastest: ${on(fastest)}, ${(cheapest.seconds / fastest.seconds).toFixed(2)} times as fast for ${dearer.toFixed(2)} times the core-seconds`,
    ...(runs.some(({ ranks }) => ranks > cores) ? [`this machine has ${cores} core${cores === 1 ? "" : "s"}, which more ranks share: what they take on a machine with as many is not seen here`] : []),
  ];
}

const on = ({ ranks }: Took): string => `${ranks} rank${ranks === 1 ? "" : "s"}`;
