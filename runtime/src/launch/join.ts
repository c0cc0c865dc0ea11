import { setTimeout as delay } from "node:timers/promises";
import { LockstepError } from "../errors/index.ts";
import { reached } from "../observe/debug.ts";
import { observe, observeUsage } from "../observe/observe.ts";
import { checked } from "../spmd/checked.ts";
import type { Engine, EngineOptions } from "../spmd/engine.ts";
import type { World } from "../spmd/world.ts";
import { trialOptions } from "./trial.ts";
import { version } from "../version.ts";
import { bundleHash, type Bundle } from "./manifest.ts";
import { loadNative } from "./native.ts";

/** What differs between the ways a rank comes to life. */
export interface Surroundings {
  staged(directories: readonly string[]): void;
  lost(error: unknown): Promise<never>;
}

/** Makes this process a rank: loads the addon, meets the other ranks, makes sure that all run the same code. */
export async function join(options: EngineOptions, bundle: Bundle | undefined, surroundings: Surroundings): Promise<World> {
  try {
    return await meet(options, bundle, surroundings);
  } catch (error) {
    // What fails on rank 0 fails on the others, and their launcher reports it: once.
    if (options.size > 1 && options.rank === 0) await delay(500);
    throw error;
  }
}

async function meet(options: EngineOptions, bundle: Bundle | undefined, surroundings: Surroundings): Promise<World> {
  const { rank, size, threads, memoryLimit, spillDirectory, localRanks } = options;
  let { job } = options;
  reached(rank, "joining");
  const native = await loadNative(bundle);
  reached(rank, "addon loaded");
  const { LOCKSTEP_ADAPT, LOCKSTEP_TRACE, LOCKSTEP_WITHOUT } = process.env;
  const engine = await checked(native.Engine.create({
    rank, size, job, threads, memoryLimit, spillDirectory, trace: options.trace === true || LOCKSTEP_TRACE !== undefined, ...trialOptions(), ...(localRanks !== undefined && { localRanks }),
    always: LOCKSTEP_ADAPT === "always", ...(LOCKSTEP_WITHOUT && { without: LOCKSTEP_WITHOUT.split(",") }),
  }));
  reached(rank, "engine started");
  if (size > 1) {
    const own = { Lockstep: version, Node: process.version, architecture: process.arch, bundle: bundle ? bundleHash(bundle) : "", LOCKSTEP_WITHOUT: LOCKSTEP_WITHOUT ?? "", LOCKSTEP_ADAPT: LOCKSTEP_ADAPT ?? "" };
    const all = (await checked(engine.allgather(Buffer.from(JSON.stringify(own))))).map((bytes) => JSON.parse(Buffer.from(bytes).toString()) as typeof own);
    all.forEach((other, index) => compare(all[0]!, other, index));
    // Nobody but rank 0 can have made one name for all where a cluster's launcher started them.
    if (localRanks !== undefined) job = (await checked(engine.broadcast(rank === 0 ? Buffer.from(job) : null, 0))).toString();
    reached(rank, "ranks met");
  }
  return { rank, size, threads, job, engine, native, ...surroundings, profiled: observe, used: (usage) => observeUsage(usage, engine) };
}

function compare(first: Record<string, string>, other: Record<string, string>, rank: number): void {
  for (const [what, value] of Object.entries(first)) {
    if (other[what] === value) continue;
    throw new LockstepError({
      code: "LS2012",
      message: `rank ${rank} runs another ${what} than rank 0: ${other[what]}, not ${value}`,
      fix: "Install and build the same on every machine; do not rebuild while a job runs.",
    });
  }
}
