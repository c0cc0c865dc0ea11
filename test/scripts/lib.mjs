// Paths and small helpers shared by the scripts. Plain JavaScript: these run before anything is built.
import { spawn } from "node:child_process";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Everything expensive and rebuildable lives outside the checkout, so that a fresh clone finds it. */
export const cache = process.env.LOCKSTEP_CACHE ?? join(homedir(), ".cache/lockstep");

export const cargoTarget = join(cache, "target");

/** Runs a command to its end; rejects with its exit code and signal. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options, env: { ...process.env, ...options.env } });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(Object.assign(new Error(`${command} ${args.join(" ")}: ${signal ?? `exit ${code}`}`), { code: code ?? 1, signal }));
    });
  });
}
