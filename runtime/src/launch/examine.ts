import { readFileSync, statfsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { LockstepError } from "../errors/index.ts";
import { version } from "../version.ts";
import { loadNative } from "./native.ts";
import { allowedCores, allowedMemory, memoryPerRank } from "./resources.ts";
import { makeSpillDirectory, removeSpillDirectory } from "./spill.ts";
import { storeCredentials } from "./stores.ts";

/** What this machine gives a job. */
export async function examine(): Promise<{ lines: string[]; healthy: boolean }> {
  const lines: string[] = [];
  let healthy = true;
  const say = (what: string, value: string) => lines.push(`${what.padEnd(11)}${value.replaceAll("\n", `\n${" ".repeat(11)}`)}`);
  say("lockstep", version);
  say("node", `${process.version} (${process.platform}-${process.arch})`);
  say("cores", `${allowedCores()} allowed (affinity ${availableParallelism()}, less any cgroup quota)`);
  say("memory", `${gib(allowedMemory())} allowed; with ${allowedCores()} ranks ${gib(memoryPerRank(allowedCores()))} each`);
  const spill = makeSpillDirectory("doctor");
  say("spill", `${dirname(spill)}: ${free(spill)}`);
  say("limits", `${softLimit("Max open files")} open files, ${softLimit("Max processes")} processes`);
  try {
    const { Engine } = await loadNative();
    const engine = await Engine.create({ rank: 0, size: 1, job: "doctor", threads: 1, memoryLimit: 64 * 2 ** 20, spillDirectory: spill });
    await engine.close();
    say("engine", "loads and starts");
  } catch (error) {
    healthy = false;
    say("engine", error instanceof Error ? error.message : String(error));
  }
  removeSpillDirectory(spill);
  say("mpi", await mpi());
  say("stores", await storeCredentials());
  return { lines, healthy };
}

/** What `mpirun` would find here; one machine needs none. */
async function mpi(): Promise<string> {
  try {
    const { path, version, interface: abi } = (await loadNative()).mpiLibrary();
    return `${version} (${abi}) from ${path}`;
  } catch (error) {
    const known = error instanceof Error ? LockstepError.parse(error.message) : undefined;
    return `none; for one machine none is needed\n${known?.message ?? String(error)}`;
  }
}

/** The soft limit of this process, as Linux prints it. */
function softLimit(name: string): string {
  try {
    const line = readFileSync("/proc/self/limits", "utf8").split("\n").find((candidate) => candidate.startsWith(name));
    return line?.slice(name.length).trim().split(/\s+/)[0] ?? "unknown";
  } catch {
    return "unknown";
  }
}

function free(folder: string): string {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return `${gib(bavail * bsize)} free`;
  } catch (error) {
    return (error as Error).message;
  }
}

function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
