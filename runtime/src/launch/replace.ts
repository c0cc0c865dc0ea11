import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { isEmbedded } from "./environment.ts";
import { findBundle } from "./manifest.ts";
import { shipNative } from "./native.ts";
import { clusterPlace } from "./place.ts";

/**
 * `mpirun -n 4 node dist/job.mjs` starts the program four times, but it is to run once. So each process becomes a rank of
 * the job, by exec, before anything of the program runs: this is called when compiled code loads the runtime.
 */
export function becomeRank(): void {
  if (!isMainThread || clusterPlace() === undefined || isEmbedded() || !process.execve) return;
  const [, entry, ...args] = process.argv;
  const bundle = findBundle(entry);
  if (!entry || !bundle) return;
  const { PMI_FD } = process.env;
  if (PMI_FD !== undefined) {
    shipNative(bundle);
    const { inheritDescriptor } = createRequire(import.meta.url)("@lockstep/native") as typeof import("@lockstep/native");
    inheritDescriptor(Number(PMI_FD));
  }
  const executable = fileURLToPath(new URL("../../bin/exec.mjs", import.meta.url));
  process.execve(process.execPath, [process.execPath, ...process.execArgv, executable, entry, ...args], process.env);
}
