import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { didYouMean, LockstepError } from "../errors/index.ts";
import { printError } from "../cli/print-error.ts";
import { progressInterval, Watch } from "../observe/progress.ts";
import { launchShape, type LaunchRequest } from "./environment.ts";
import { findBundle, manifestName, programIn, programsIn } from "./manifest.ts";
import { refusePlace } from "./place.ts";
import { exitCode, newJob, rankDied, Ranks, type RankEnd } from "./ranks.ts";
import { allowedCores } from "./resources.ts";
import type { ResultFile } from "./result.ts";
import { makeSpillDirectory, removeSpillDirectory } from "./spill.ts";

export interface RunRequest extends LaunchRequest {
  readonly result?: ResultFile | undefined;
  readonly profile?: string;
  readonly summary: boolean;
  /** Print each plan once it has been executed. */
  readonly explain?: boolean;
  /** Show how far the ranks are. */
  readonly progress: boolean;
}

/** How long rank 0 may take to end after a signal, and the others after rank 0; milliseconds. */
const grace = { signal: 5000, end: 2000 };

/**
 * Starts all ranks of a job and watches them: rank 0's end is the job's, any other rank's end before it is a
 * failure of all. Returns the job's exit code when no rank is left.
 */
export async function superviseRun(entry: string, args: readonly string[], request: RunRequest): Promise<number> {
  refusePlace("`lockstep run` starts ranks of its own");
  if (!existsSync(entry)) throw new LockstepError({ code: "LS2022", message: `there is no ${entry}${didYouMean(basename(entry), programsIn(dirname(entry)))}`, fix: "Build the program, then run the file the build wrote." });
  if (statSync(entry).isDirectory()) {
    throw new LockstepError({ code: "LS2022", message: `${entry} is a folder`, fix: `Run the program in it: lockstep run ${programIn(entry) ?? join(entry, "job.mjs")}` });
  }
  const bundle = findBundle(entry);
  const chunk = bundle?.manifest.chunks[relative(bundle.directory, realpathSync(entry))];
  if (chunk) {
    const program = chunk.programs?.[0];
    throw new LockstepError({
      code: "LS2022",
      message: `${entry} holds the annotated functions, which ranks load; it is no program`,
      fix: `Run the program that calls them${program === undefined ? "" : `: lockstep run ${join(bundle!.directory, program)}`}.`,
    });
  }
  const shape = launchShape(request, () => (bundle ? allowedCores() : 1));
  if (shape.size > 1 && !bundle) {
    throw new LockstepError({
      code: "LS2022",
      message: `no ${manifestName} beside ${entry}: it is not built, or without a Lockstep plugin, so other ranks have nothing to run`,
      fix: `${build(entry)}; one rank (-n 1) runs any program.`,
    });
  }
  if (!bundle && request.ranks === undefined && !process.env.LOCKSTEP_RANKS) process.stderr.write(notBuilt(entry));
  const outcome = Promise.withResolvers<RankEnd>();
  const empty = Promise.withResolvers<void>();
  const lines = request.progress ? progressInterval() : 0;
  const watch = lines > 0 ? new Watch(process.stderr, shape.size, lines) : undefined;
  const ended = (end: RankEnd) => {
    watch?.end();
    outcome.resolve(end);
    if (ranks.running === 0) empty.resolve();
  };
  const ranks = new Ranks(ended, (rank, progress) => watch?.tell(rank, progress));
  const interrupted = forwardSignals(ranks);
  const job = newJob();
  const spillDirectory = makeSpillDirectory(job);
  const common = { ...shape, job, spillDirectory, launcher: true, summary: request.summary, explain: request.explain, progress: watch !== undefined, trace: request.profile !== undefined };
  for (let rank = 0; rank < shape.size; rank++) {
    ranks.start(resolve(entry), args, { ...common, rank, ...(rank === 0 && { result: request.result, profile: absolute(request.profile) }) });
  }
  const first = await outcome.promise;
  const well = first.rank === 0 && first.signal === null;
  if (well) ranks.dismiss();
  else ranks.kill();
  const stragglers = setTimeout(() => ranks.kill(), grace.end);
  if (ranks.running > 0) await empty.promise;
  clearTimeout(stragglers);
  ranks.sweep();
  removeSpillDirectory(spillDirectory);
  if (well) return exitCode(first);
  const signal = interrupted();
  if (signal) {
    printError(new LockstepError({ code: "LS2014", message: `interrupted by ${signal}; the program did not end by itself` }));
    return exitCode({ code: null, signal });
  }
  printError(rankDied(first));
  return exitCode(first) || 1;
}

/** Nobody said that one process is meant: said is why there are no more. */
function notBuilt(entry: string): string {
  return `lockstep: ${entry} is not built (no ${manifestName} beside it): it runs under plain Node, in one process\n  fix: ${build(entry)}. With -n 1 this is not said.\n`;
}

const build = (entry: string): string => `Build it with a Lockstep plugin (npx vite build), then run what the build wrote: lockstep run ${programIn("dist") ?? join("dist", `${basename(entry, extname(entry))}.mjs`)}`;

/** SIGINT and SIGTERM are rank 0's to handle; after a while all ranks are killed. Returns the signal that came. */
function forwardSignals(ranks: Ranks): () => NodeJS.Signals | undefined {
  let came: NodeJS.Signals | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to all its processes, rank 0 included.
      if (!(signal === "SIGINT" && process.stdin.isTTY)) ranks.signal(0, signal);
      if (came === undefined) setTimeout(() => ranks.kill(), grace.signal).unref();
      came = signal;
    });
  }
  return () => came;
}

function absolute(file: string | undefined): string | undefined {
  return file === undefined ? undefined : resolve(file);
}
