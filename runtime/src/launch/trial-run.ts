/** Runs of a program that only find out what it takes. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { LockstepError } from "../errors/index.ts";
import type { TrialReport } from "../observe/summary.ts";
import { type Trial, trialEnvironment } from "./trial.ts";

/** Runs it on so many ranks of one thread; says so on a terminal. LS2022: it failed, or executed nothing. `command`: who asks. */
export async function tried<T extends TrialReport>(command: string, bundle: string, args: readonly string[], ranks: number, trial: Trial): Promise<T> {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${ranks} rank${ranks === 1 ? "" : "s"} …`);
  await run(bundle, args, ranks, trialEnvironment(trial));
  try {
    return JSON.parse(readFileSync(trial.report, "utf8")) as T;
  } catch (error) {
    throw new LockstepError({ code: "LS2022", message: "the program called no function that says \"use spmd\"", fix: `Give it the arguments with which it works: lockstep ${command} dist/job.mjs -- arguments`, cause: error });
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
    if (code !== 0) {
      const [run, ended] = [`the run on ${ranks} rank${ranks === 1 ? "" : "s"}`, typeof code === "number" ? `exit code ${code}` : `${code ?? "unknown"}`];
      const message = said.trim() === "" ? `${run} ended with ${ended} and said nothing` : `${run} failed (${ended}):\n${said.trimEnd()}`;
      throw new LockstepError({ code: "LS2022", message, fix: "Mend that first; `lockstep run` runs it alone." });
    }
  } finally {
    process.off("SIGTERM", stop).off("SIGINT", stop);
  }
}
