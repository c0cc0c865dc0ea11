/**
 * What ranks of one machine send each other: our shared memory beside Open MPI and MPICH by themselves (MPI_Alltoallv, MPI_Barrier), and
 * ours over Open MPI. Gigabytes a second that two ranks send together, and microseconds of a barrier of 2 ranks and of 16 that share
 * the cores: programs that send nothing but bytes. Then rows: what two ranks shuffle by the hash of a key, divided, encoded, sent, and
 * read again, and the bytes that travel for each byte of the rows that do.
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
  /** Bytes sent for each byte of rows that travel. */
  readonly wire?: number;
}

/** A case of a system, and what each round measured. */
interface Found {
  readonly system: string;
  readonly of: Case;
  readonly values: number[];
}

/** Ranks that share the cores. */
const MANY = 16;

/** The aims of rows, by the kind of their columns; a dictionary's bytes are beside those of its texts. */
const ROWS: Record<string, { readonly gigabytesPerSecond: number; readonly wire: number }> = {
  "rows-fixed": { gigabytesPerSecond: 2.5, wire: 1.05 },
  "rows-text": { gigabytesPerSecond: 1.5, wire: 1.05 },
  "rows-dictionary": { gigabytesPerSecond: 1.5, wire: 0.25 },
};

export async function shuffle(rounds: number): Promise<Record<string, unknown>[]> {
  await cargo(["build", "--release", "--locked", "--quiet", "--workspace", "--example", "measure", "--example", "shuffle_rows"], { stdio: ["ignore", 2, 2] });
  const ours = join(cargoTarget, "release/examples/measure");
  const peer = [join(await pythonWith("mpi"), "python"), join(root, "test/bench/peers/alltoallv_mpi4py.py")];
  const all = await mpis();
  const open = all.find(({ name }) => name.startsWith("openmpi"));
  const systems: { name: string; run: (ranks: number) => Promise<Case[]> }[] = [
    { name: "lockstep", run: (ranks) => cases([ours, `${ranks}`], {}) },
    ...all.map((mpi) => ({ name: mpi.name, run: (ranks: number) => under(mpi, ranks, peer) })),
    ...(open ? [{ name: `lockstep over ${open.name}`, run: (ranks: number) => under(open, ranks, [ours]) }] : []),
  ];
  const found = new Map<string, Found>();
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
  const rows = new Map<string, Case[]>();
  for (let round = 0; round < rounds; round++) {
    for (const one of await cases([join(cargoTarget, "release/examples/shuffle_rows"), "2"], {})) rows.set(one.case, [...(rows.get(one.case) ?? []), one]);
  }
  return [...bytesOf(found, open?.name), ...rowsOf(rows)];
}

function rowsOf(rows: ReadonlyMap<string, readonly Case[]>): Record<string, unknown>[] {
  return [...rows].map(([name, all]) => {
    const [rate, wire, aim] = [median(all.map((one) => one.gigabytes_per_second!)), median(all.map((one) => one.wire!)), ROWS[name]!];
    const status = rate >= aim.gigabytesPerSecond && wire <= aim.wire ? "ok" : "missed";
    return { case: name, system: "lockstep", ranks: 2, gigabytes_per_second: rate, wire, status };
  });
}

function bytesOf(found: Map<string, Found>, open: string | undefined): Record<string, unknown>[] {
  return [...found.values()].map(({ system, of, values }) => {
    const value = median(values);
    const theirs = open && found.get([open, of.case, of.ranks, of.bytes].join());
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
