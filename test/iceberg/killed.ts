/** Processes that are killed at a step of what they do to a table. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { cache, root } from "../scripts/lib.mjs";

export type Mode = "append" | "replaced" | "merged" | "expired" | "compacted";

/** The number of the steps of a process that is to be killed at one of them; undefined: it was. */
export async function killed(step: number, mode: Mode, folder: string, from = 0, to = 0): Promise<number | undefined> {
  const done = promisify(execFile)(process.execPath, [join(root, "test/iceberg/crash.ts"), `${step}`, mode, folder, `${from}`, `${to}`], { env: { ...process.env, NODE_COMPILE_CACHE: join(cache, "node") } });
  return done.then(({ stdout }) => Number(stdout), (error: Error & { signal?: string; stderr?: string }) => (error.signal === "SIGKILL" ? undefined : expect.fail(error.stderr ?? error.message)));
}
