import { LockstepError } from "../errors/index.ts";

/** This process's place among those that a cluster's launcher started. */
export interface Place {
  /** The launcher, in the words of its users. */
  readonly launcher: string;
  readonly rank: number;
  readonly size: number;
  /** Ranks on this machine, this one included. */
  readonly localRanks: number;
  /** This one's number among them. */
  readonly localRank: number;
}

/** Set once a process has taken its place: programs that it starts are jobs of their own. */
const taken = "LOCKSTEP_PLACED";

/**
 * Where the environment says that this process is one of several: Open MPI, then the PMI of MPICH's Hydra (Intel's and
 * Cray's as well), then Slurm, then any PMIx launcher. `undefined` in a process that was started alone.
 */
export function clusterPlace(): Place | undefined {
  const { env } = process;
  if (env[taken] !== undefined) return undefined;
  const number = (...names: string[]) => names.map((name) => env[name]).filter((text) => text !== undefined && text !== "").map(Number)[0];
  const found: [launcher: string, rank: number | undefined, size: number | undefined, localRanks: number | undefined, localRank: number | undefined][] = [
    ["mpirun (Open MPI)", number("OMPI_COMM_WORLD_RANK"), number("OMPI_COMM_WORLD_SIZE"), number("OMPI_COMM_WORLD_LOCAL_SIZE"), number("OMPI_COMM_WORLD_LOCAL_RANK")],
    ["mpiexec (PMI)", number("PMI_RANK"), number("PMI_SIZE"), number("MPI_LOCALNRANKS") ?? slurmLocal(number), number("MPI_LOCALRANKID", "SLURM_LOCALID")],
    // A batch script's first shell has SLURM_PROCID=0 and no step.
    ["srun", number("SLURM_PROCID"), number("SLURM_STEP_NUM_TASKS"), slurmLocal(number), number("SLURM_LOCALID")],
    ["a PMIx launcher", number("PMIX_RANK"), number("LOCKSTEP_RANKS"), undefined, undefined],
  ];
  for (const [launcher, rank, size, localRanks, localRank] of found) {
    if (rank === undefined || size === undefined || size < 2) continue;
    return { launcher, rank, size, localRanks: localRanks ?? size, localRank: localRank ?? rank };
  }
  if ((number("PMIX_RANK") ?? 0) > 0 && number("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS") === undefined) {
    throw new LockstepError({
      code: "LS2015",
      message: "PMIX_RANK says that this process is one of several, but nothing says of how many",
      fix: "Set LOCKSTEP_RANKS to the number of processes.",
    });
  }
  return undefined;
}

export function takePlace(): void {
  process.env[taken] = "1";
}

/** Tasks of this step on this node: `SLURM_STEP_TASKS_PER_NODE` is a list like "4(x2),3", one entry a node. */
function slurmLocal(number: (name: string) => number | undefined): number | undefined {
  const counts = (process.env.SLURM_STEP_TASKS_PER_NODE ?? "").split(",").flatMap((part) => {
    const [, tasks, nodes = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return tasks === undefined ? [] : Array.from({ length: Number(nodes) }, () => Number(tasks));
  });
  return counts[number("SLURM_NODEID") ?? 0];
}

/** For what has to be the only process: `what` starts its own ranks. */
export function refusePlace(what: string): void {
  const place = clusterPlace();
  if (!place) return;
  throw new LockstepError({
    code: "LS2015",
    message: `this process is rank ${place.rank} of ${place.size} that ${place.launcher} started, and ${what}`,
    fix: `Let the launcher start the ranks themselves: mpirun -n ${place.size} node node_modules/@lockstep/runtime/bin/exec.mjs dist/job.mjs`,
  });
}
