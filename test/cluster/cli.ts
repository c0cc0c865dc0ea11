/**
 * `npm run test:cluster`: what test/conformance and the oracle test over MPI, on several machines. These are two network
 * namespaces of this one, a cable between them and a host name each; a stand-in for ssh starts what launchers start there.
 * Needs root and iproute2. With `srun` on the PATH and a cluster behind it: `npm run test:cluster -- slurm`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { mpis } from "../conformance/mpis.ts";
import { root } from "../scripts/lib.mjs";

const machines = ["10.77.0.1", "10.77.0.2"] as const;
const [first, second] = machines;
const namespace = (machine: string) => `lockstep-${machine}`;
const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });

/** Otherwise both MPIs find that the ranks share memory after all. */
const onlyCable = "UCX_TLS=tcp,self OMPI_MCA_pml=ucx OMPI_MCA_pml_ucx_tls=any OMPI_MCA_pml_ucx_devices=any";

const scratch = mkdtempSync(join(tmpdir(), "lockstep-cluster-"));
try {
  const launchers = process.argv[2] === "slurm" ? await ofSlurm() : await ofNamespaces();
  const status = test(launchers);
  if (process.argv[2] !== "slurm") {
    const sent = bytesSent();
    console.log(`${sent} bytes went over the cable`);
    if (sent < 10_000_000) throw new Error("the ranks did not talk over the cable: they took the two machines for one");
  }
  process.exitCode = status;
} finally {
  // The cable goes with either end.
  for (const machine of machines) spawnSync("ip", ["netns", "del", namespace(machine)], { stdio: "ignore" });
  rmSync(scratch, { recursive: true, force: true });
}

function script(name: string, text: string): string {
  const file = join(scratch, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function ofNamespaces(): Promise<string[]> {
  for (const machine of machines) ip("netns", "add", namespace(machine));
  ip("link", "add", "lockstep-a", "type", "veth", "peer", "name", "lockstep-b");
  for (const [machine, end] of [[first, "lockstep-a"], [second, "lockstep-b"]] as const) {
    ip("link", "set", end, "netns", namespace(machine));
    ip("-n", namespace(machine), "addr", "add", `${machine}/24`, "dev", end);
    ip("-n", namespace(machine), "link", "set", end, "up");
    ip("-n", namespace(machine), "link", "set", "lo", "up");
  }
  const on = (machine: string) => `ip netns exec ${namespace(machine)} unshare -u sh -c 'hostname ${machine}; exec "$@"' sh`;
  // ssh: options, host, then a command line for a shell there.
  const ssh = script("ssh", `while [ "\${1#-}" != "$1" ]; do shift; done\nhost=$1; shift\nexec ip netns exec "lockstep-$host" unshare -u sh -c 'hostname "$0"; exec sh -c "$1"' "$host" "$*"`);
  return (await mpis()).map(({ name, launcher: [program, ...options] }) => {
    const hosts = program!.includes("openmpi")
      ? `--prtemca plm_ssh_agent ${ssh} --host ${machines.map((machine) => `${machine}:16`).join(",")} --map-by node`
      : `-launcher ssh -launcher-exec ${ssh} -localhost ${first} -hosts ${machines.join(",")}`;
    return script(name.replace(/\W+/g, "-"), `export ${onlyCable}\nexec ${on(first)} ${program} ${options.join(" ")} ${hosts} "$@"`);
  });
}

/** MPICH's wheel speaks PMI 2 with any Slurm. */
async function ofSlurm(): Promise<string[]> {
  const mpich = (await mpis()).find(({ name }) => name.startsWith("mpich"))!;
  const library = join(dirname(dirname(mpich.launcher[0]!)), "lib/libmpi_abi.so.1");
  return [script("slurm", `export LOCKSTEP_MPI=${library}\nexec srun --mpi=pmi2 --nodes=1-2 --oversubscribe --overcommit --quiet "$@"`)];
}

function test(launchers: readonly string[]): number {
  const env = { ...process.env, LOCKSTEP_MPIS: launchers.join(delimiter), LOCKSTEP_ORACLE_MPI: "1" };
  const run = (...args: string[]) => spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--root", root, "--maxWorkers", "1", ...args], { stdio: "inherit", env }).status ?? 1;
  return run("test/conformance") || run("test/oracle/oracle", "-t", " over ");
}

/** By the first machine, to the second. */
function bytesSent(): number {
  const [link] = JSON.parse(ip("-n", namespace(first), "-s", "-j", "link", "show", "lockstep-a")) as { stats64: { tx: { bytes: number } } }[];
  return link!.stats64.tx.bytes;
}
