/** A job of three ranks under a name that outlives it, of which one or all are killed at a step that somebody outside sees. */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/lib.mjs";

export interface Killed {
  /** Where the program is written, which calls a built module's export with its arguments. */
  readonly main: string;
  readonly module: string;
  readonly export: string;
  readonly job: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Absent: nobody. */
  readonly victims?: "one" | "all" | undefined;
  readonly at: number;
  /** Calls `step` at each step, until it is told to call none. */
  readonly watch: (step: (() => void) | undefined) => void;
}

/** Whether the job ended well, and how many steps were seen. */
export async function killed({ main, module, export: name, job, args, env, victims, at, watch }: Killed): Promise<{ readonly lived: boolean; readonly steps: number }> {
  writeFileSync(main, `import { ${name} } from ${JSON.stringify(module)};\nawait ${name}(...process.argv.slice(2));\n`);
  const child = spawn(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "3", "--job", job, main, "--", ...args], { detached: true, stdio: "ignore", env: { ...process.env, ...env } });
  const pid = child.pid!;
  const kill = (): void => {
    try {
      const rank = (): number => Number(execFileSync("pgrep", ["-P", `${pid}`]).toString().trim().split("\n").at(-1));
      process.kill(victims === "all" ? -pid : rank(), "SIGKILL");
    } catch {
      // It has ended.
    }
  };
  let steps = 0;
  watch(() => {
    if (steps++ === at && victims) kill();
  });
  const code = await new Promise((resolve) => child.once("exit", (status) => resolve(status)));
  watch(undefined);
  return { lived: code === 0, steps };
}
