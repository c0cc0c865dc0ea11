/** A process of another language that answers questions as long as a test file wants: to start Java, or to import PyIceberg, takes longer than an answer. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export class Service {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();
  #log = "";

  /** `args`: a program that prints a line of JSON for each line of words, between tabs, that it reads. */
  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    this.#process.stderr!.on("data", (data: Buffer) => (this.#log = (this.#log + data.toString()).slice(-4000)));
    this.#process.stdin!.on("error", () => undefined);
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** The answer to a question; one at a time. */
  ask<T>(...words: readonly string[]): Promise<T> {
    const answer = this.#last.then(async () => {
      this.#process.stdin!.write(`${words.join("\t")}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`${this.#process.spawnfile} ended\n${this.#log}`);
      return JSON.parse(value) as T;
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin!.end();
    await ended;
  }
}
