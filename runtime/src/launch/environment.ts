import { isMainThread } from "node:worker_threads";
import { LockstepError } from "../errors/index.ts";
import type { EngineOptions } from "../spmd/engine.ts";
import type { ResultFile } from "./result.ts";
import { allowedCores, allowedMemory, memoryPerRank, parseBytes } from "./resources.ts";

/** How a launcher tells a rank process who it is. Removed from the environment, which the program's own children inherit. */
const variable = "LOCKSTEP_RANK_PROCESS";

/** What a rank process is told by whoever started it. */
export interface RankProcess extends EngineOptions {
  /** Descriptor of the socket to the launcher: its end is the job's end. */
  readonly control: number;
  /** A launcher watches all ranks; otherwise rank 0 watches the others. */
  readonly launcher: boolean;
  readonly result?: ResultFile | undefined;
  readonly profile?: string | undefined;
  readonly price?: number | undefined;
  readonly summary: boolean;
  readonly explain?: boolean | undefined;
  /** Somebody watches how far the ranks are. */
  readonly progress: boolean;
}

export function rankEnvironment(rank: RankProcess): NodeJS.ProcessEnv {
  return { ...process.env, [variable]: JSON.stringify(rank) };
}

/** This process's part in a job that a launcher started. */
export function takeRankEnvironment(): RankProcess | undefined {
  const text = process.env[variable];
  delete process.env[variable];
  return text === undefined ? undefined : (JSON.parse(text) as RankProcess);
}

/** What a person asks of a launch: options win over the environment, the environment over what the machine has. */
export interface LaunchRequest {
  readonly ranks?: number | undefined;
  readonly threads?: number | undefined;
  /** Bytes per rank. */
  readonly memory?: number | undefined;
  /** Currency for an hour of a core. */
  readonly price?: number | undefined;
}

/** What a machine gives its ranks where nobody asks; `local`: a cluster's job has more ranks than those of this machine. */
export function launchShape(asked: LaunchRequest, defaultRanks: () => number, local?: { ranks: number; threads: number }): { size: number; threads: number; memoryLimit: number; price: number | undefined } {
  const size = asked.ranks ?? count("LOCKSTEP_RANKS") ?? defaultRanks();
  const threads = asked.threads ?? count("LOCKSTEP_THREADS") ?? local?.threads ?? Math.max(1, Math.floor(allowedCores() / size));
  if (!local) checkFits(size);
  if (threads > MOST_THREADS) throw new LockstepError({ code: "LS2015", message: `a rank cannot have ${threads} threads`, fix: `Give it as many as it has cores, ${MOST_THREADS} at most.` });
  const memoryLimit = asked.memory ?? bytes("LOCKSTEP_MEMORY") ?? memoryPerRank(local?.ranks ?? size);
  return { size, threads, memoryLimit, price: asked.price ?? price("LOCKSTEP_PRICE") };
}

const MOST_THREADS = 1024;
/** Bytes that a process of Node takes at most before its program has loaded anything. */
const EMPTY = 96 * 2 ** 20;

/** LS2015: ranks for which this machine has not even the memory that Node takes before a program runs. */
function checkFits(ranks: number): void {
  // The first call of a program that no launcher started comes after what it has loaded.
  const [each, allowed] = [Math.min(process.memoryUsage.rss(), EMPTY), allowedMemory()];
  const most = Math.max(1, Math.floor(allowed / each));
  if (ranks <= most) return;
  throw new LockstepError({
    code: "LS2015", message: `${ranks} ranks do not fit this machine: of its ${(allowed / 2 ** 30).toFixed(1)} GiB each takes ${Math.ceil(each / 2 ** 20)} MiB before it does anything`,
    fix: `Use as many as there are cores, ${most} at most, or ranks on several machines (mpirun, srun).`,
  });
}

/** Test runners and worker threads call an annotated function like any other: one rank, in the process. */
export function isEmbedded(): boolean {
  const { VITEST, NODE_TEST_CONTEXT, JEST_WORKER_ID } = process.env;
  return !isMainThread || [VITEST, NODE_TEST_CONTEXT, JEST_WORKER_ID].some((value) => value !== undefined);
}

function count(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new LockstepError({ code: "LS2015", message: `${name}=${text} is not a number of ${name === "LOCKSTEP_RANKS" ? "ranks" : "threads"}` });
}

function price(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new LockstepError({ code: "LS2015", message: `${name}=${text} is not what an hour of a core costs`, fix: "Write a number: 0.045." });
}

function bytes(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = parseBytes(text);
  if (value !== undefined && value > 0) return value;
  throw new LockstepError({ code: "LS2015", message: `${name}=${text} is not a number of bytes`, fix: "Write it as 512MB or 2GiB." });
}
