import { afterEach, describe, expect, it, vi } from "vitest";
import { launchShape, rankEnvironment, takeRankEnvironment } from "../../../runtime/src/launch/environment.ts";
import { clusterPlace, refusePlace, takePlace } from "../../../runtime/src/launch/place.ts";
import { exitCode, rankDied } from "../../../runtime/src/launch/ranks.ts";
import { allowedCores, allowedMemory, memoryPerRank, parseBytes } from "../../../runtime/src/launch/resources.ts";
import { summaryLine, usageLine } from "../../../runtime/src/observe/summary.ts";

const before = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
});

describe("resources", () => {
  it("are what this process may use", () => {
    expect(allowedCores()).toBeGreaterThanOrEqual(1);
    expect(allowedMemory()).toBeGreaterThan(2 ** 28);
  });

  it("of a rank are its share, less what Node needs on each", () => {
    const [gib, mib] = [2 ** 30, 2 ** 20];
    expect(memoryPerRank(4, 8 * gib, 100 * mib)).toBe(2 * gib - 100 * mib);
    expect(memoryPerRank(100, gib, 100 * mib)).toBe(64 * mib);
  });

  it("are written as people write them", () => {
    expect(["512MB", "2GiB", "1.5 g", "100", "3kB", "1TiB"].map(parseBytes)).toEqual([512e6, 2 ** 31, 1.5e9, 100, 3000, 2 ** 40]);
    expect(["", "MB", "-1", "1XB"].map(parseBytes)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("a launch", () => {
  it("takes options before the environment, the environment before the machine", () => {
    const none = { ranks: undefined, threads: undefined, memory: undefined };
    expect(launchShape(none, () => 3).size).toBe(3);
    Object.assign(process.env, { LOCKSTEP_RANKS: "5", LOCKSTEP_THREADS: "2", LOCKSTEP_MEMORY: "1GB" });
    expect(launchShape(none, () => 3)).toMatchObject({ size: 5, threads: 2, memoryLimit: 1e9 });
    expect(launchShape({ ranks: 7, threads: 1, memory: 5 }, () => 3)).toMatchObject({ size: 7, threads: 1, memoryLimit: 5 });
  });

  it("says which variable makes no sense", () => {
    process.env.LOCKSTEP_RANKS = "many";
    expect(() => launchShape({}, () => 1)).toThrow("LOCKSTEP_RANKS=many is not a number of ranks");
    process.env.LOCKSTEP_RANKS = "";
    process.env.LOCKSTEP_MEMORY = "much";
    expect(() => launchShape({}, () => 1)).toThrow("LOCKSTEP_MEMORY=much is not a number of bytes");
  });

  it("of more ranks or threads than a machine can begin to run is refused", () => {
    expect(() => launchShape({ ranks: 1e9 }, () => 1)).toThrow(/^1000000000 ranks do not fit this machine: of its [\d.]+ GiB each takes \d+ MiB before it does anything$/);
    expect(() => launchShape({ ranks: 2, threads: 1e9 }, () => 1)).toThrow("a rank cannot have 1000000000 threads");
    // On other machines as well.
    expect(launchShape({ ranks: 1e9 }, () => 1, { ranks: 4, threads: 1 }).size).toBe(1e9);
    // What the program has loaded before its first call the others do not.
    using _ = vi.spyOn(process.memoryUsage, "rss").mockReturnValue(allowedMemory());
    expect(launchShape({ ranks: 2 }, () => 1).size).toBe(2);
  });

  it("tells a rank who it is, and nobody else", () => {
    const rank = { rank: 1, size: 2, job: "j", threads: 1, memoryLimit: 1, spillDirectory: "", control: 3, launcher: true, summary: false };
    Object.assign(process.env, rankEnvironment(rank));
    expect(takeRankEnvironment()).toEqual(rank);
    expect(takeRankEnvironment()).toBeUndefined();
  });

  it.each([
    ["mpirun (Open MPI)", { OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_SIZE: "8", OMPI_COMM_WORLD_LOCAL_SIZE: "4", OMPI_COMM_WORLD_LOCAL_RANK: "1" }, 4],
    ["mpiexec (PMI)", { PMI_RANK: "3", PMI_SIZE: "8", MPI_LOCALNRANKS: "2", MPI_LOCALRANKID: "1" }, 2],
    ["srun", { SLURM_PROCID: "3", SLURM_STEP_NUM_TASKS: "8", SLURM_STEP_TASKS_PER_NODE: "3(x2),2", SLURM_NODEID: "2", SLURM_LOCALID: "1" }, 2],
    ["mpiexec (PMI)", { PMI_RANK: "3", PMI_SIZE: "8", SLURM_STEP_TASKS_PER_NODE: "4(x2)", SLURM_NODEID: "1", SLURM_LOCALID: "1" }, 4],
    ["a PMIx launcher", { PMIX_RANK: "3", LOCKSTEP_RANKS: "8" }, 8, 3],
  ])("by %s gives a process its place, once: %o", (launcher, variables, localRanks, localRank = 1) => {
    Object.assign(process.env, variables);
    expect(clusterPlace()).toEqual({ launcher, rank: 3, size: 8, localRanks, localRank });
    expect(() => refusePlace("it is another")).toThrow(`rank 3 of 8 that ${launcher} started`);
    takePlace();
    expect(clusterPlace()).toBeUndefined();
  });

  it("by a batch script's first shell, or of one task, is an ordinary one", () => {
    Object.assign(process.env, { SLURM_PROCID: "0", SLURM_NTASKS: "8", OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" });
    expect(clusterPlace()).toBeUndefined();
  });

  it("without a size says what to set", () => {
    process.env.PMIX_RANK = "1";
    expect(clusterPlace).toThrow("nothing says of how many");
  });
});

it("a death is told with its signal and has the shell's exit code", () => {
  expect(String(rankDied({ rank: 3, code: null, signal: "SIGKILL" }))).toMatch(/^error LS2011: rank 3 was killed by SIGKILL\n {2}at rank 3\n {2}because .*memory/);
  expect(String(rankDied({ rank: 1, code: 4, signal: null }))).toMatch(/ended with exit code 4/);
  expect([exitCode({ code: null, signal: "SIGTERM" }), exitCode({ code: 7, signal: null })]).toEqual([143, 7]);
});

it("what it took is summed up over the ranks", () => {
  const totals = { executions: 1, bytesOpened: 1e9, rowsRead: 20_000_000, badRows: 0, bytesExchanged: 1_234_567_890, bytesSpilled: 0 };
  const one = { processor: 1.5, memory: 4e8, read: 2e8, requests: 0, transferred: 0 };
  expect(usageLine({ size: 2, threads: 1 }, totals, [one, { ...one, processor: 1 }], 2)).toBe("lockstep: 2.50 core-seconds busy, 1.50 waiting, 800 MB memory at most, 100 MB/s a core");
  expect(usageLine({ size: 1, threads: 2 }, totals, [{ ...one, read: 0, requests: 12, transferred: 3e6 }], 2)).toBe("lockstep: 1.50 core-seconds busy, 2.50 waiting, 400 MB memory at most, 12 store requests (3.00 MB)");
  // An hour on two cores, half of it busy: 2 × 0.05, and 3.5 W + 0.7 W for an hour.
  expect(usageLine({ size: 2, threads: 1, price: 0.05 }, totals, [{ ...one, processor: 3600 }, { ...one, processor: 0 }], 3600)).toContain("0.100 at 0.05 a core-hour, about 4.20 Wh");
});

it("a run is summed up in one line", () => {
  const totals = { executions: 1, bytesOpened: 1e9, rowsRead: 20_000_000, badRows: 0, bytesExchanged: 1_234_567_890, bytesSpilled: 0 };
  expect(summaryLine({ size: 2, threads: 1 }, totals, 1.934)).toBe("lockstep: 2 ranks × 1 thread, 20,000,000 rows read, 1.23 GB exchanged, 1.93 s");
  expect(summaryLine({ size: 2, threads: 1 }, { ...totals, bytesOpened: 3_100_000 }, 0.9)).toMatch(/\nlockstep: the inputs are 3.10 MB; plain Node/);
  // Small inputs can be much work.
  expect(summaryLine({ size: 2, threads: 1 }, { ...totals, bytesOpened: 3_100_000 }, 2)).not.toContain("plain Node");
  expect(summaryLine({ size: 1, threads: 2 }, { ...totals, rowsRead: 1, bytesSpilled: 999 }, 10)).toBe("lockstep: 1 rank × 2 threads, 1 row read, 999 B spilled, 10.00 s");
  expect(summaryLine({ size: 1, threads: 1 }, { ...totals, badRows: 45_000 }, 10)).toBe("lockstep: 1 rank × 1 thread, 20,000,000 rows read, 45,000 bad rows left out, 10.00 s");
});
