import { statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { version } from "../version.ts";
import { launchShape } from "./environment.ts";
import { loadNative } from "./native.ts";
import { allowedCores, allowedMemory, memoryPerRank } from "./resources.ts";

/** What this machine gives a job. */
export async function examine(): Promise<{ lines: string[]; healthy: boolean }> {
  const lines: string[] = [];
  let healthy = true;
  const say = (what: string, value: string) => lines.push(`${what.padEnd(10)} ${value}`);
  const { spillDirectory } = launchShape({}, allowedCores);
  say("lockstep", version);
  say("node", `${process.version} (${process.platform}-${process.arch})`);
  say("cores", `${allowedCores()} allowed (affinity ${availableParallelism()}, less any cgroup quota)`);
  say("memory", `${gib(allowedMemory())} allowed; with ${allowedCores()} ranks ${gib(memoryPerRank(allowedCores()))} each`);
  say("spill", `${spillDirectory}: ${free(spillDirectory)}`);
  const shm = free("/dev/shm");
  say("/dev/shm", `${shm} (not used: exchanges go through memfd)`);
  try {
    const { Engine } = await loadNative();
    const engine = await Engine.create({ rank: 0, size: 1, job: "doctor", threads: 1, memoryLimit: 64 * 2 ** 20, spillDirectory: tmpdir() });
    await engine.close();
    say("engine", "loads and starts");
  } catch (error) {
    healthy = false;
    say("engine", error instanceof Error ? error.message : String(error));
  }
  return { lines, healthy };
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
