import { Module } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LockstepError } from "../errors/index.ts";
import { printError } from "../cli/print-error.ts";
import { watchRun } from "../observe/observe.ts";
import { makeRoom, reportProgress } from "../observe/progress.ts";
import { follow } from "../spmd/call.ts";
import { setWorld } from "../spmd/world.ts";
import { openControl } from "./control.ts";
import { endOnLostOutput, endOnSignals, never, neverQuietly, printUncaught } from "./ending.ts";
import { takeRankEnvironment, type RankProcess } from "./environment.ts";
import { firstLines, silence } from "./follower.ts";
import { join } from "./join.ts";
import { findBundle, loadRankChunks, manifestName } from "./manifest.ts";
import { clusterPlace } from "./place.ts";
import { removeStaged } from "./ranks.ts";
import { removeSpillDirectory } from "./spill.ts";
import { writeResult } from "./result.ts";

/**
 * A rank process, decided before anything of the user's is loaded: rank 0 runs the program, the others load
 * the annotated functions and join its calls.
 */
export async function runRank(entry: string, args: readonly string[]): Promise<void> {
  // Stack traces in the user's TypeScript, where the build wrote source maps.
  process.setSourceMapsEnabled(true);
  endOnLostOutput();
  const rank = takeRankEnvironment();
  const place = rank ? undefined : clusterPlace();
  if (place) await (await import("./mpi.ts")).runUnderMpi(entry, args, place);
  else if (!rank || rank.rank === 0) runProgram(resolve(entry), args, rank);
  else await followProgram(resolve(entry), rank);
}

function runProgram(entry: string, args: readonly string[], rank: RankProcess | undefined): void {
  if (rank) {
    let staged: readonly string[] = [];
    const sweep = () => removeStaged(staged);
    const control = openControl(rank.control, () => undefined, () => {
      // The launcher is gone: so is the job.
      sweep();
      removeSpillDirectory(rank.spillDirectory);
      process.exit(1);
    });
    endOnSignals(sweep);
    watchRun(rank);
    const world = join(rank, findBundle(entry), {
      staged(directories) {
        staged = directories;
        control.send({ staged });
      },
      lost: never,
    });
    // Reported by the first call; a program without one does not need the engine.
    world.catch(() => undefined);
    setWorld(world);
    if (rank.progress) {
      makeRoom(process);
      reportProgress(world, (progress) => control.send({ progress }));
    }
    if (rank.result !== undefined) writeResult(pathToFileURL(entry).href, rank.result);
  }
  printUncaught();
  process.argv = [process.execPath, entry, ...args];
  // As `node entry` does it: `import.meta.main` holds, and an uncaught error is reported as usual.
  (Module as unknown as { runMain(main: string): void }).runMain(entry);
}

async function followProgram(entry: string, rank: RankProcess): Promise<void> {
  let staged: readonly string[] = [];
  let dismissed = false;
  const control = openControl(rank.control, ({ bye }) => (dismissed ||= bye === true), () => {
    // Rank 0 committed or removed its outputs unless it died; then this rank may be the last to know them.
    if (!dismissed) {
      removeStaged(staged);
      removeSpillDirectory(rank.spillDirectory);
    }
    if (!dismissed && !rank.launcher && rank.rank === 1) {
      printError(new LockstepError({ code: "LS2011", message: "rank 0 was killed", rank: 0 }));
    }
    process.exit(dismissed ? 0 : 1);
  });
  // Ctrl-C reaches every process of the terminal; rank 0 decides what it means.
  process.on("SIGINT", () => undefined);
  silence();
  try {
    const bundle = findBundle(entry);
    if (!bundle) throw new LockstepError({ code: "LS2022", message: `no ${manifestName} beside ${entry}`, fix: "Build it with a Lockstep plugin." });
    const world = join(rank, bundle, { staged: (directories) => void (staged = directories), lost: neverQuietly });
    setWorld(world);
    if (rank.progress) reportProgress(world, (progress) => control.send({ progress }));
    const [here] = await Promise.all([world, loadRankChunks(bundle)]);
    await follow(here);
  } catch (error) {
    if (error instanceof LockstepError && error.code === "LS2011") await neverQuietly();
    control.send({ failed: error instanceof LockstepError ? JSON.stringify(error) : `rank ${rank.rank} failed: ${firstLines(error)}` });
    setImmediate(() => process.exit(1));
  }
}
