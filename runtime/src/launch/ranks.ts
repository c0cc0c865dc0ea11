import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { errorCodes, LockstepError, type LockstepErrorDetails } from "../errors/index.ts";
import type { Progress } from "../observe/progress.ts";
import { talk, type Control } from "./control.ts";
import { rankEnvironment, type RankProcess } from "./environment.ts";

const executable = fileURLToPath(new URL("../../bin/exec.mjs", import.meta.url));
const controlDescriptor = 3;

/** How a rank process ended. */
export interface RankEnd {
  readonly rank: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What the rank said before it ended. */
  readonly reason?: string | undefined;
}

/** A new job's id: it names the rendezvous and the staging directories. */
export function newJob(): string {
  return `${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
}

/** The rank processes that this process started and answers for. */
export class Ranks {
  readonly #children = new Map<number, { process: ChildProcess; control: Control }>();
  readonly #ended: (end: RankEnd) => void;
  readonly #progress: (rank: number, progress: Progress) => void;
  #staged: readonly string[] = [];

  constructor(ended: (end: RankEnd) => void, progress: (rank: number, progress: Progress) => void) {
    this.#ended = ended;
    this.#progress = progress;
  }

  /** Starts a rank. Its standard streams are this process's; input is rank 0's alone. */
  start(entry: string, args: readonly string[], shape: Omit<RankProcess, "control">): ChildProcess {
    const { rank } = shape;
    const child = spawn(process.execPath, [...nodeFlags(), executable, entry, ...args], {
      env: rankEnvironment({ ...shape, control: controlDescriptor }),
      stdio: [rank === 0 ? "inherit" : "ignore", "inherit", "inherit", "pipe"],
    });
    let reason: string | undefined;
    const control = talk(child.stdio[controlDescriptor] as Duplex, ({ staged, failed, progress }) => {
      if (progress) this.#progress(rank, progress);
      if (staged) this.#staged = staged;
      reason ??= failed;
    });
    this.#children.set(rank, { process: child, control });
    child.once("error", (error) => this.#gone({ rank, code: 1, signal: null, reason: error.message }));
    // "close", not "exit": what the rank said last has been read by then.
    child.once("close", (code, signal) => this.#gone({ rank, code, signal, reason }));
    return child;
  }

  /** Lets this process end while its ranks run: they end with it. */
  unref(): void {
    for (const { process } of this.#children.values()) {
      process.unref();
      (process.stdio[controlDescriptor] as Duplex & { unref(): void }).unref();
    }
  }

  get running(): number {
    return this.#children.size;
  }

  /** The job ends well: ranks leave by themselves when the sockets close. */
  dismiss(): void {
    for (const { control, process } of this.#children.values()) {
      control.send({ bye: true });
      (process.stdio[controlDescriptor] as Duplex).end();
    }
  }

  signal(rank: number, signal: NodeJS.Signals): void {
    this.#children.get(rank)?.process.kill(signal);
  }

  kill(): void {
    for (const rank of this.#children.keys()) this.signal(rank, "SIGKILL");
  }

  /** Removes what rank 0 staged and did not commit. */
  sweep(): void {
    removeStaged(this.#staged);
  }

  #gone(end: RankEnd): void {
    if (this.#children.delete(end.rank)) this.#ended(end);
  }
}

/** Best effort, by whoever is left: ranks that are about to end may still write there. */
export function removeStaged(directories: readonly string[]): void {
  for (const directory of directories) {
    try {
      rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
    } catch {
      // What ends the job is what is told; the folder is hidden.
    }
  }
}

/** The one message of a job that lost a rank. */
export function rankDied({ rank, code, signal, reason }: RankEnd): LockstepError {
  if (reason !== undefined) return LockstepError.parse(reason) ?? new LockstepError({ code: "LS2011", message: reason, rank });
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code} in the middle of the job`;
  return new LockstepError({
    code: "LS2011",
    message: `rank ${rank} ${how}`,
    rank,
    ...(signal && reasons[signal]),
  });
}

const sent = { why: ["a person, a scheduler or the end of a session sent it"], fix: "Start the job again." };
const crashed = { why: ["its native code crashed"], fix: errorCodes.LS2099.fix };
/** A rank that is killed says nothing: what its signal tells. */
const reasons: { readonly [S in NodeJS.Signals]?: Pick<LockstepErrorDetails, "why" | "fix"> } = {
  SIGKILL: {
    why: ["the kernel sends SIGKILL when memory runs out (see `dmesg`); a person or a scheduler may have sent it too"],
    fix: "If memory ran out: fewer ranks, or a lower `--memory` per rank, so that operators spill earlier.",
  },
  SIGTERM: sent,
  SIGHUP: sent,
  SIGINT: sent,
  SIGQUIT: sent,
  SIGSEGV: crashed,
  SIGBUS: crashed,
  SIGILL: crashed,
  SIGFPE: crashed,
  SIGABRT: { why: ["its native code gave up, or V8 had no memory left; it may have said so"], fix: "If memory ran out: fewer ranks, or a higher `--max-old-space-size`." },
  SIGXCPU: { why: ["its time was limited (`ulimit -t`)"], fix: "Raise the limit." },
};

/** As a shell has it: 128 + signal. */
export function exitCode({ code, signal }: Omit<RankEnd, "rank">): number {
  return signal ? 128 + constants.signals[signal] : (code ?? 1);
}

/** Flags of this Node that ranks need as well; not those of debuggers, loaders and `-e`. */
function nodeFlags(): string[] {
  return process.execArgv.filter((flag) => /^--(max-|stack-|expose-gc|enable-source-maps|no-warnings|conditions=)/.test(flag));
}
