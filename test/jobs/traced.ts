/** A job one of whose processes is killed at a change of the file system, by strace: before it is done. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { type Job, type Lived, ran } from "./killed.ts";

/** The `nth` such call of a thread. */
export interface Step {
  readonly call: string;
  readonly nth: number;
}

const CALLS = "mkdir,mkdirat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,fsync,fdatasync,ftruncate";

/** Whether there is one here that may trace. */
export const canTrace = ((): boolean => {
  try {
    execFileSync("strace", ["-f", "-qq", "-e", "trace=mkdir", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Not with `--seccomp-bpf`, which loses signals. */
const strace = (log: string, ...more: string[]): string[] => ["strace", "-f", "-qq", "-y", "-e", `trace=${CALLS}`, "-o", log, ...more];

/** What Node does to files one thread of each process does, in the same order in every run. */
const alone = (job: Job): Job => ({ ...job, env: { ...job.env, UV_THREADPOOL_SIZE: "1" } });

/** The job is done once; its changes to files whose paths contain a text, in order. */
export async function stepsOf(job: Job, of: string): Promise<Step[]> {
  const log = `${job.main}.trace`;
  const { lived, stderr } = await ran(alone(job), strace(log));
  if (!lived) throw new Error(stderr);
  const counts = new Map<string, number>();
  const steps = new Map<string, Step>();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined) continue;
    const nth = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, nth);
    if (line.includes(of)) steps.set(`${call} ${nth}`, { call, nth });
  }
  rmSync(log);
  return [...steps.values()];
}

/** The process whose thread comes first to a step is killed there; which one that is may differ from run to run. */
export async function killedAt(job: Job, { call, nth }: Step): Promise<Lived> {
  return ran(alone(job), strace("/dev/null", "-e", `inject=${call}:signal=SIGKILL:when=${nth}`));
}
