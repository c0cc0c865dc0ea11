/** A job of some ranks under a name that outlives it, of which one or all are killed at a step that somebody outside sees. */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../scripts/lib.mjs";

export interface Job {
  /** Where the program is written, which calls a built module's export with its arguments. */
  readonly main: string;
  readonly module: string;
  readonly export: string;
  readonly job: string;
  /** As JSON has them. */
  readonly args: readonly unknown[];
  readonly env: NodeJS.ProcessEnv;
  /** Three, where nothing is said. */
  readonly ranks?: number;
}

export interface Killed extends Job {
  /** Absent: nobody. The launcher's end is that of its ranks, who see it. */
  readonly victims?: "one" | "all" | "launcher" | undefined;
  readonly at: number;
  /** Calls `step` at each step, until it is told to call none. */
  readonly watch: (step: (() => void) | undefined) => void;
}

export interface Lived {
  /** Whether the job ended well. */
  readonly lived: boolean;
  readonly stderr: string;
}

/** Runs the job to its end, as a program of others (`under`) starts it where there is one. `started` gets its process id, which is its group's. */
export async function ran({ main, module, export: name, job, args, env, ranks = 3 }: Job, under: readonly string[] = [], started: (pid: number) => void = () => undefined): Promise<Lived> {
  writeFileSync(main, `import { ${name} } from ${JSON.stringify(module)};\nawait ${name}(...process.argv.slice(2).map((text) => JSON.parse(text)));\n`);
  const [program, ...rest] = [...under, process.execPath, join(root, "runtime/bin/lockstep.mjs"), "run", "-n", `${ranks}`, "--job", job, main, "--", ...args.map((arg) => JSON.stringify(arg))];
  const child = spawn(program!, rest, { detached: true, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, ...env } });
  let stderr = "";
  child.stderr!.on("data", (data: Buffer) => (stderr += data.toString()));
  started(child.pid!);
  const code = await new Promise((resolve) => child.once("close", (status) => resolve(status)));
  return { lived: code === 0, stderr };
}

/** How the job ended, and how many steps were seen. */
export async function killed({ victims, at, watch, ...job }: Killed): Promise<Lived & { readonly steps: number }> {
  let pid = 0;
  const kill = (): void => {
    try {
      const rank = (): number => Number(execFileSync("pgrep", ["-P", `${pid}`]).toString().trim().split("\n").at(-1));
      process.kill(victims === "all" ? -pid : victims === "launcher" ? pid : rank(), "SIGKILL");
    } catch {
      // It has ended.
    }
  };
  let steps = 0;
  watch(() => {
    if (steps++ === at && victims) kill();
  });
  const end = await ran(job, [], (own) => (pid = own));
  watch(undefined);
  return { ...end, steps };
}
