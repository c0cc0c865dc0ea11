import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../errors/index.ts";

/**
 * The job's own folder for what does not fit into memory, removed with all it holds when the job ends, however its
 * ranks do. On a read-only root the last resort is memory: a job that never spills runs there as well.
 */
export function makeSpillDirectory(job: string): string {
  const asked = process.env.LOCKSTEP_SPILL;
  const candidates = asked ? [asked] : [tmpdir(), process.cwd(), "/dev/shm"];
  let reason: unknown;
  for (const folder of candidates) {
    const path = join(folder, `.lockstep-${job}`);
    try {
      mkdirSync(path, { recursive: true });
      return path;
    } catch (error) {
      reason ??= error;
    }
  }
  throw new LockstepError({
    code: "LS2008",
    message: `no folder to spill to: ${(reason as Error).message}`,
    fix: "Name a writable one in LOCKSTEP_SPILL.",
  });
}

export function removeSpillDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
