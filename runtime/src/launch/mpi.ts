import { Module } from "node:module";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { LockstepError } from "../errors/index.ts";
import { printError } from "../cli/print-error.ts";
import { watchRun } from "../observe/observe.ts";
import { makeRoom, progressInterval, reportProgress, Watch } from "../observe/progress.ts";
import { follow } from "../spmd/call.ts";
import { checked } from "../spmd/checked.ts";
import { setWorld, type World } from "../spmd/world.ts";
import { endOnSignals, printUncaught } from "./ending.ts";
import { launchShape } from "./environment.ts";
import { firstLines, silence } from "./follower.ts";
import { Janitor } from "./janitor.ts";
import { join } from "./join.ts";
import { findBundle, loadRankChunks, manifestName, type Bundle } from "./manifest.ts";
import { loadNative } from "./native.ts";
import { takePlace, type Place } from "./place.ts";
import { newJob, removeStaged } from "./ranks.ts";
import { threadsPerRank } from "./resources.ts";
import { writeResult } from "./result.ts";
import { makeSpillDirectory, removeSpillDirectory } from "./spill.ts";

/** How long rank 1 and those after it leave the word to the ranks before them: longer than launchers take to end a job. */
const precedence = [2000, 5000] as const;

/**
 * One rank of a job that a cluster's launcher started: rank 0 runs the program, the others join its calls. There is no
 * socket to the launcher: rank 0's end reaches the others over MPI, and a rank that cannot go on ends all by MPI_Abort.
 */
export async function runUnderMpi(entry: string, args: readonly string[], place: Place): Promise<void> {
  takePlace();
  try {
    if (place.rank === 0) await lead(resolve(entry), args, place);
    else await followLeader(resolve(entry), place);
  } catch (error) {
    await abandon(error, place);
  }
}

async function lead(entry: string, args: readonly string[], place: Place): Promise<void> {
  let staged: readonly string[] = [];
  const sweep = () => removeStaged(staged);
  const { world, shape } = enter(entry, place, sweep, (directories) => void (staged = directories));
  endOnSignals(sweep);
  const { LOCKSTEP_SUMMARY, LOCKSTEP_EXPLAIN, LOCKSTEP_PROFILE, LOCKSTEP_RESULT } = process.env;
  watchRun({ ...shape, summary: LOCKSTEP_SUMMARY === "1", explain: LOCKSTEP_EXPLAIN === "1", profile: LOCKSTEP_PROFILE ? resolve(LOCKSTEP_PROFILE) : undefined });
  showProgress(world);
  if (LOCKSTEP_RESULT) writeResult(pathToFileURL(entry).href, { file: resolve(LOCKSTEP_RESULT), ifAny: false });
  // The others have been started: without a meeting they would wait, so that a program without a call fails as well.
  world.catch((error) => abandon(error, place));
  printUncaught();
  process.argv = [process.execPath, entry, ...args];
  (Module as unknown as { runMain(main: string): void }).runMain(entry);
}

/** Rank 0's part alone: the others have nobody to tell but by a collective, for which a rank that is late would hold up all. Parts are about equal. */
function showProgress(world: Promise<World>): void {
  const lines = progressInterval();
  if (lines === 0) return;
  const watch = new Watch(process.stderr, 1, lines, "lockstep, rank 0");
  process.once("exit", () => watch.end());
  makeRoom(process);
  reportProgress(world, (progress) => watch.tell(0, progress));
}

async function followLeader(entry: string, place: Place): Promise<void> {
  // The launcher passes signals on to all its processes; rank 0 decides what they mean.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  silence();
  let staged: readonly string[] = [];
  const { world, bundle } = enter(entry, place, () => removeStaged(staged), (directories) => void (staged = directories));
  try {
    const [here] = await Promise.all([world, loadRankChunks(bundle)]);
    await follow(here);
  } catch (error) {
    if (leftByLeader(error)) process.exit(0);
    throw error;
  }
}

/** What every rank does first: its share of the machine, the engine, an orderly end whatever ends it. */
function enter(entry: string, place: Place, sweep: () => void, stage: (directories: readonly string[]) => void) {
  const { rank, size, localRank, localRanks } = place;
  const bundle = findBundle(entry);
  if (!bundle) throw new LockstepError({ code: "LS2022", message: `no ${manifestName} beside ${entry}`, fix: "Build it with a Lockstep plugin, on a file system that all machines see." });
  const shape = launchShape({ ranks: size }, () => size, { ranks: localRanks, threads: threadsPerRank(localRanks) });
  const job = newJob();
  // One a machine, as far as its ranks have the launcher's agent as parent.
  const spillDirectory = makeSpillDirectory(`mpi-${process.ppid}`);
  const janitor = localRank === 0 ? new Janitor() : undefined;
  const watch = (staged: readonly string[]) => janitor?.watch([spillDirectory, ...(rank === 0 ? staged : [])]);
  watch([]);
  let here: World | undefined;
  process.once("exit", (code) => {
    sweep();
    here?.engine.leave(code);
    if (janitor) removeSpillDirectory(spillDirectory);
  });
  const surroundings = {
    staged: (directories: readonly string[]) => {
      stage(directories);
      watch(directories);
    },
    lost: async (error: unknown) => {
      if (leftByLeader(error)) process.exit(0);
      sweep();
      return abandon(error, place);
    },
  };
  const world = findMpi(bundle)
    .then(() => join({ ...shape, rank, job, localRanks, spillDirectory, trace: Boolean(process.env.LOCKSTEP_PROFILE) }, bundle, surroundings))
    .then((joined) => (here = joined));
  // Whoever awaits it reports it.
  world.catch(() => undefined);
  setWorld(world);
  return { world, bundle, shape };
}

/** LS2015 where there is none: a matter of the machine, not of the ranks. */
async function findMpi(bundle: Bundle): Promise<void> {
  const native = await loadNative(bundle);
  await checked((async () => native.mpiLibrary())());
}

/** Says why this rank cannot go on, once for the job, and ends all ranks. */
async function abandon(error: unknown, { rank }: Place): Promise<never> {
  // What one rank meets, all may meet: the first one says it, and its abort ends the others.
  if (rank > 0) await delay(rank === 1 ? precedence[0] : precedence[1]);
  printError(error instanceof LockstepError || rank === 0 ? error : `rank ${rank} failed: ${firstLines(error)}`);
  const native = await loadNative().catch(() => undefined);
  native?.mpiAbort(1);
  process.exit(1);
}

/** Rank 0 has ended in order: so does this rank, wherever it is. */
function leftByLeader(error: unknown): boolean {
  return error instanceof LockstepError && error.code === "LS2011" && error.message === "rank 0 has left the job";
}
