import { printError } from "../cli/print-error.ts";
import { watchRun } from "../observe/observe.ts";
import { makeRoom, progressInterval, reportProgress, Watch } from "../observe/progress.ts";
import type { World } from "../spmd/world.ts";
import { endOnLostOutput, endOnSignals, never, printUncaught, sweepOnTermination } from "./ending.ts";
import { isEmbedded, launchShape } from "./environment.ts";
import { join } from "./join.ts";
import { findBundle } from "./manifest.ts";
import { refusePlace } from "./place.ts";
import { exitCode, newJob, rankDied, Ranks, removeStaged, type RankEnd } from "./ranks.ts";
import { allowedCores } from "./resources.ts";
import { makeSpillDirectory, removeSpillDirectory } from "./spill.ts";

/**
 * The first annotated call of a program that no launcher started: this process is rank 0, and it starts the
 * others. Without a bundle that others could load, and in test runners, it is the only rank.
 */
export async function startWorld(): Promise<World> {
  if (!isEmbedded()) printUncaught();
  refusePlace("the program that it runs was not built with a Lockstep plugin, or is not the file that the build wrote");
  const entry = process.argv[1];
  const bundle = isEmbedded() && process.env.LOCKSTEP_RANKS === undefined ? undefined : findBundle(entry);
  const shape = launchShape(bundle ? {} : { ranks: 1, threads: isEmbedded() ? 1 : undefined }, allowedCores);
  const lines = progressInterval();
  const job = newJob();
  const spillDirectory = makeSpillDirectory(job);
  let staged: readonly string[] = [];
  const sweep = () => {
    removeStaged(staged);
    removeSpillDirectory(spillDirectory);
  };
  // Without a bundle nothing was compiled; a test runner's screen is its own.
  const watch = bundle !== undefined && !isEmbedded() && lines > 0 ? new Watch(process.stderr, shape.size, lines) : undefined;
  const ended = (end: RankEnd) => {
    watch?.end();
    ranks.kill();
    sweep();
    printError(rankDied(end));
    process.exit(exitCode(end) || 1);
  };
  const ranks = new Ranks(ended, (rank, progress) => watch?.tell(rank, progress));
  const profile = process.env.LOCKSTEP_PROFILE || undefined;
  const common = { ...shape, spillDirectory, job, progress: watch !== undefined, trace: profile !== undefined };
  for (let rank = 1; rank < shape.size; rank++) ranks.start(entry!, [], { ...common, rank, launcher: false, summary: false });
  ranks.unref();
  if (isEmbedded()) sweepOnTermination(sweep);
  else {
    endOnSignals(sweep);
    endOnLostOutput();
    watchRun({ ...common, summary: process.stderr.isTTY || process.env.LOCKSTEP_SUMMARY === "1", profile, explain: process.env.LOCKSTEP_EXPLAIN === "1" });
  }
  process.once("exit", () => {
    watch?.end();
    sweep();
    ranks.dismiss();
  });
  const world = join({ ...common, rank: 0 }, bundle, {
    staged: (directories) => void (staged = directories),
    // The handler above ends the process as soon as the kernel has told of the death.
    lost: (error) => never(error),
  });
  if (watch) {
    makeRoom(process);
    reportProgress(world, (progress) => watch.tell(0, progress));
  }
  return world;
}
