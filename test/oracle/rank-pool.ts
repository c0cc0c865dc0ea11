/**
 * Rank processes that stay alive over many programs: starting seven of them for each would cost more than the tests.
 * Only what a start, an exit or a death does needs processes of its own (test/jobs).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { deserialize, serialize } from "node:v8";
import type { Mpi } from "../conformance/mpis.ts";
import { root } from "../scripts/lib.mjs";

export interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message: string;
  readonly site?: string;
  readonly fix?: string;
}

export type Answer = { readonly value: unknown } | { readonly error: Failure };

export interface Request {
  /** URL of the rank chunk that defines the function. */
  readonly chunk: string;
  readonly id: string;
  readonly args: readonly unknown[];
  /** Called by the built module's export, with what it captures, instead of by the id. */
  readonly module?: string;
  readonly name?: string;
  /** Where it runs. */
  readonly cwd?: string;
}

export class RankPool {
  readonly size: number;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #log = "";
  /** What the last run wrote to standard output. */
  printed: readonly string[] = [];

  constructor(size: number, env: NodeJS.ProcessEnv = {}, mpi?: Mpi) {
    this.size = size;
    const driver = join(root, "test/oracle/pool/driver.mjs");
    const [program, ...args] = mpi
      ? [...mpi.launcher, "-n", `${size}`, process.execPath, join(root, "runtime/bin/exec.mjs"), driver]
      : [process.execPath, join(root, "runtime/bin/lockstep.mjs"), "run", "-n", `${size}`, driver];
    // Tables here are small: where ranks adapt to what they see must be seen all the same, and that answers do not depend on it.
    // Nor are there many ranks: seven speak to each other in groups, as more than 64 would.
    const shape = { LOCKSTEP_THREADS: "1", LOCKSTEP_MEMORY: "512MB", LOCKSTEP_ADAPT: size === 3 ? undefined : "always", LOCKSTEP_GROUP: size === 7 ? "3" : undefined };
    this.#process = spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, VITEST: undefined, ...shape, ...mpi?.env, ...env } });
    this.#process.stderr!.on("data", (data: Buffer) => (this.#log = (this.#log + data.toString()).slice(-4000)));
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** Runs an annotated function on all ranks; one at a time. */
  async run(request: Request): Promise<Answer> {
    this.#process.stdin!.write(`${serialize(request).toString("base64")}\n`);
    const printed: string[] = [];
    this.printed = printed;
    for (;;) {
      const { value: line, done } = await this.#answers.next();
      if (done) throw new Error(`the pool of ${this.size} ranks ended\n${this.#log}`);
      if (line.startsWith("answer ")) return deserialize(Buffer.from(line.slice(7), "base64")) as Answer;
      printed.push(line);
      this.#log += `${line}\n`;
    }
  }

  /** Ends its first process where it stands. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.stdin!.write("end\n");
    await ended;
  }
}
