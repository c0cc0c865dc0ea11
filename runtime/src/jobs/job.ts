import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { largestOf } from "./memory.ts";
import { hasEnded, type JobEvent, type Phase, type ResultName, type RunRequest } from "./protocol.ts";

/** Characters of output that are kept and passed on: a program that prints for ever fills no memory. */
const MOST_OUTPUT = 1_000_000;
/** Milliseconds between asking a job to end and ending it. */
const GRACE = 2000;
/** Milliseconds between looks at the memory of a job's processes. */
const LOOK = 200;

const launcher = fileURLToPath(new URL("../../bin/lockstep.mjs", import.meta.url));
const plain = fileURLToPath(new URL("plain.js", import.meta.url));

/** One run of a program: a group of processes, what they print, and how they end. */
export class Job {
  readonly id: string;
  readonly request: RunRequest;
  /** Where the results are left. */
  readonly #folder: string;
  readonly #changes = new EventEmitter();
  readonly events: JobEvent[] = [];
  #phase: Phase = "QUEUED";
  #child: ChildProcess | undefined;
  #started = 0;
  #printed = 0;
  #stopped: string | undefined;

  constructor(id: string, request: RunRequest, folder: string) {
    this.id = id;
    this.request = request;
    this.#folder = folder;
    // One listener a watcher.
    this.#changes.setMaxListeners(0);
    this.#enter("QUEUED");
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The group of its processes, while there is one. */
  get group(): number | undefined {
    return hasEnded(this.#phase) ? undefined : this.#child?.pid;
  }

  file(what: ResultName): string {
    return join(this.#folder, `${what}.json`);
  }

  /** Runs it to its end; a job that was cancelled meanwhile does not start. */
  async run(): Promise<void> {
    if (hasEnded(this.#phase)) return;
    this.#started = performance.now();
    this.#enter("RUNNING");
    const spilled = join(this.#folder, "spilled");
    const limits = [this.#limitTime(), this.#limitMemory()];
    try {
      const [code, signal] = await this.#execute(spilled);
      if (this.#stopped !== undefined) this.#enter("CANCELLED", this.#stopped);
      else if (code === 0) this.#enter("SUCCEEDED");
      else this.#enter("FAILED", signal === null ? `ended with exit code ${code}` : `ended by ${signal}`);
    } catch (error) {
      // No such folder, arguments that no system takes, no process left.
      this.#enter("FAILED", `did not start: ${(error as Error).message}`);
    } finally {
      limits.forEach(clearInterval);
      rmSync(spilled, { recursive: true, force: true });
    }
  }

  /** The exit code and signal of the first process, when all of the group have ended. */
  async #execute(spilled: string): Promise<[number | null, string | null]> {
    const { folder, memoryBytes } = this.request;
    mkdirSync(spilled);
    // A group of its own: what ends the job ends its ranks.
    const child = spawn(process.execPath, this.#command(), { cwd: folder, detached: true, stdio: ["ignore", "pipe", "pipe"], env: { LOCKSTEP_SPILL: spilled, ...environment(memoryBytes) } });
    this.#child = child;
    for (const stream of ["stdout", "stderr"] as const) child[stream].setEncoding("utf8").on("data", (text: string) => this.#print(stream, text));
    const closed = new Promise<void>((resolve) => child.once("close", resolve));
    const ended = (await once(child, "exit")) as [number | null, string | null];
    // Ranks whose launcher was killed, processes that the program left behind: they have time to tidy up, no more.
    await Promise.race([closed, wait(GRACE, undefined, { ref: false })]);
    signalGroup(child.pid!, "SIGKILL");
    await Promise.race([closed, wait(GRACE, undefined, { ref: false })]);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
    return ended;
  }

  #limitTime(): NodeJS.Timeout | undefined {
    const { seconds } = this.request;
    return seconds > 0 ? setTimeout(() => this.#stop(`stopped after ${seconds} s, the limit`), seconds * 1000) : undefined;
  }

  /** JavaScript's heap and the engine keep to their limits by themselves; buffers and addons do not. */
  #limitMemory(): NodeJS.Timeout | undefined {
    const { memoryBytes } = this.request;
    const most = 2.5 * memoryBytes;
    const look = (): void => {
      if (this.group === undefined || largestOf(this.group) <= most) return;
      this.#stop(`stopped: a process took more than ${Math.round(most / 1e6)} MB of memory`);
      signalGroup(this.group, "SIGKILL");
    };
    return memoryBytes > 0 ? setInterval(look, LOOK) : undefined;
  }

  /** False: it has ended before. */
  cancel(): boolean {
    if (hasEnded(this.#phase)) return false;
    if (this.#child) this.#stop("cancelled");
    else this.#enter("CANCELLED", "cancelled before it started");
    return true;
  }

  /** All events so far and those to come, until the job's end. */
  async *watch(signal: AbortSignal): AsyncGenerator<JobEvent> {
    for (let next = 0; ; next++) {
      while (next >= this.events.length) {
        if (hasEnded(this.#phase)) return;
        await once(this.#changes, "event", { signal });
      }
      yield this.events[next]!;
    }
  }

  #command(): string[] {
    const { program, arguments: args, ranks, memoryBytes } = this.request;
    if (ranks === 0) return [plain, this.file("value"), program, ...args];
    const memory = memoryBytes > 0 ? ["--memory", String(memoryBytes)] : [];
    // One thread a rank: what a rank is busy with then fits into its time.
    const options = ["-n", String(ranks), "--threads", "1", ...memory, "--no-progress", "--no-summary", "--result-if-any", this.file("value"), "--profile", this.file("profile"), "--trace", this.file("trace")];
    return [launcher, "run", ...options, program, "--", ...args];
  }

  #stop(why: string): void {
    this.#stopped ??= why;
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    signalGroup(pid, "SIGTERM");
    // A rank in an endless loop hears no signal that it could handle.
    setTimeout(() => this.group === pid && signalGroup(pid, "SIGKILL"), GRACE).unref();
  }

  #print(stream: "stdout" | "stderr", text: string): void {
    if (this.#printed >= MOST_OUTPUT) return;
    const kept = text.slice(0, MOST_OUTPUT - this.#printed);
    this.#printed += kept.length;
    this.#tell({ output: { stream, text: this.#printed < MOST_OUTPUT ? kept : `${kept}\n… more is not shown\n` } });
  }

  #enter(phase: Phase, message = ""): void {
    this.#phase = phase;
    this.#tell({ state: { phase, seconds: this.#started === 0 ? 0 : (performance.now() - this.#started) / 1000, message } });
  }

  #tell(event: JobEvent): void {
    this.events.push(event);
    this.#changes.emit("event");
  }
}

/** Without what would make a program think that it is under a test runner or among ranks; with the limit of JavaScript's own memory. */
function environment(memoryBytes: number): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST_CONTEXT|NODE_ENV$|LOCKSTEP_(RANK|RESULT|PROFILE|SUMMARY))/.test(name)));
  if (memoryBytes === 0) return inherited;
  return { ...inherited, NODE_OPTIONS: `${inherited.NODE_OPTIONS ?? ""} --max-old-space-size=${Math.ceil(memoryBytes / 2 ** 20)}` };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended just now.
  }
}
