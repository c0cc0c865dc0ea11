/**
 * What ranks of one machine send each other: our shared memory beside Open MPI and MPICH by themselves (MPI_Alltoallv, MPI_Barrier), and
 * ours over Open MPI. Gigabytes a second that two ranks send together, and microseconds of a barrier of 2 ranks and of 16 that share
 * the cores. Programs that send nothing but bytes: rows are encoded on top of that.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Mpi, mpis } from "../../conformance/mpis.ts";
import { pythonWith } from "../../python.ts";
import { cargo } from "../../scripts/cargo.mjs";
import { cargoTarget, root } from "../../scripts/lib.mjs";
import { median } from "../measure.ts";

/** One case as the programs print it. */
interface Case {
  readonly case: string;
  readonly ranks: number;
  readonly bytes: number;
  readonly microseconds?: number;
  readonly gigabytes_per_second?: number;
}

/** Ranks that share the cores. */
const MANY = 16;

export async function shuffle(rounds: number): Promise<Record<string, unknown>[]> {
  await cargo(["build", "--release", "--locked", "--quiet", "--workspace", "--example", "measure"], { stdio: ["ignore", 2, 2] });
  const ours = join(cargoTarget, "release/examples/measure");
  const peer = [join(await pythonWith("mpi"), "python"), join(root, "test/bench/peers/alltoallv_mpi4py.py")];
  const all = await mpis();
  const open = all.find(({ name }) => name.startsWith("openmpi"));
  const systems: { name: string; run: (ranks: number) => Promise<Case[]> }[] = [
    { name: "lockstep", run: (ranks) => cases([ours, `${ranks}`], {}) },
    ...all.map((mpi) => ({ name: mpi.name, run: (ranks: number) => under(mpi, ranks, peer) })),
    ...(open ? [{ name: `lockstep over ${open.name}`, run: (ranks: number) => under(open, ranks, [ours]) }] : []),
  ];
  const found = new Map<string, { system: string; of: Case; values: number[] }>();
  // Systems in turn, so that what else the machine does falls on all of them.
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of systems) {
      for (const ranks of [2, MANY]) {
        for (const one of await run(ranks)) {
          const wanted = one.case === "barrier" || (one.case === "exchange" && ranks === 2);
          if (!wanted) continue;
          const key = [name, one.case, one.ranks, one.bytes].join();
          const kept = found.get(key) ?? { system: name, of: one, values: [] };
          kept.values.push(one.microseconds ?? one.gigabytes_per_second!);
          found.set(key, kept);
        }
      }
    }
  }
  return [...found.values()].map(({ system, of, values }) => {
    const value = median(values);
    const theirs = open && found.get([open.name, of.case, of.ranks, of.bytes].join());
    return {
      case: of.case === "barrier" ? `barrier-${of.ranks}` : `exchange-${of.bytes}`,
      system, ranks: of.ranks, [of.case === "barrier" ? "microseconds" : "gigabytes_per_second"]: value,
      status: system === "lockstep" && theirs && !reached(of, value, median(theirs.values)) ? "missed" : "ok",
    };
  });
}

/** The aims: no barrier of ranks that share the cores longer than Open MPI's, bytes in at most 1.3 times its time. */
function reached({ case: name, ranks }: Case, ours: number, theirs: number): boolean {
  if (name === "exchange") return ours * 1.3 >= theirs;
  return ranks < MANY || ours <= theirs;
}

/** mpi4py looks for a library of the system, unless it is told. */
function under(mpi: Mpi, ranks: number, program: readonly string[]): Promise<Case[]> {
  const folder = join(dirname(dirname(mpi.launcher[0]!)), "lib");
  const library = existsSync(folder) ? readdirSync(folder).find((name) => /^libmpi\.so\.\d+$/.test(name)) : undefined;
  return cases([...mpi.launcher, "-n", `${ranks}`, ...program], { ...mpi.env, ...(library && { MPI4PY_LIBMPI: join(folder, library) }) });
}

async function cases([program, ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<Case[]> {
  const { stdout } = await promisify(execFile)(program!, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 24 });
  return stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Case);
}
