import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { ResultFile } from "../launch/result.ts";
import { memorySize, price, programCommand, wholeNumber } from "./arguments.ts";

interface RunOptions {
  ranks?: number;
  threads?: number;
  memory?: number;
  job?: string;
  result?: string;
  resultIfAny?: string;
  profile?: string;
  trace?: string;
  price?: number;
  without?: string;
  summary?: boolean;
  explain?: boolean;
  progress: boolean;
}

/** `lockstep run dist/job.mjs -n 4 -- arguments` */
export function runCommand(): Command {
  return programCommand("run")
    .description("run a built program on several ranks of this machine")
    .option("-n, --ranks <count>", "rank processes (default: as many as cores)", wholeNumber)
    .option("--threads <count>", "threads of a rank (default: cores / ranks)", wholeNumber)
    .option("--memory <size>", "memory of a rank, e.g. 2GiB (default: what the machine or cgroup has / ranks)", memorySize)
    .option("--job <id>", "the job's identity over several attempts: outputs it has committed are not written again (default: LOCKSTEP_JOB, else a new job)")
    .option("--result <file>", "write the program's default export as JSON")
    .addOption(new Option("--result-if-any <file>", "the same for the job service, which asks it of every program: no file where there is none").hideHelp())
    .option("--profile <file>", "write what each operator did on each rank as JSON: rows, bytes, busy and waiting time, bytes spilled, memory; and who sent how much to whom")
    .option("--trace <file>", "write when each operator worked, for https://ui.perfetto.dev")
    .option("--explain", "print each plan as it was executed: operators with their rows, what was decided by itself, why, and what came of it")
    .option("--no-progress", "do not show how far the ranks are (a bar on a terminal, else a line every 30 s)")
    .option("--summary", "print a line at the end (default on a terminal)")
    .option("--no-summary", "print none")
    .option("--price <amount>", "what an hour of a core costs, in any currency: the summary then says what the run cost, and its energy", price)
    .option("--without <optimisations>", "do without them, to see what they gain: specialise (operators for the values that columns can have), keys (of one side of a join, told to the scan of the other), heavy (keys dealt over ranks)")
    .action(async (bundle: string, args: string[], options: RunOptions) => {
      // The ranks inherit it: each has to take down its own part.
      if (options.trace !== undefined) process.env.LOCKSTEP_TRACE = resolve(options.trace);
      if (options.without !== undefined) process.env.LOCKSTEP_WITHOUT = options.without;
      if (options.job !== undefined) process.env.LOCKSTEP_JOB = options.job;
      const { superviseRun } = await import("../launch/supervise.ts");
      process.exitCode = await superviseRun(bundle, args, { ...options, result: resultOf(options), summary: options.summary ?? (options.price !== undefined || process.stderr.isTTY === true) });
    });
}

function resultOf({ result, resultIfAny }: RunOptions): ResultFile | undefined {
  const file = result ?? resultIfAny;
  return file === undefined ? undefined : { file: resolve(file), ifAny: result === undefined };
}
