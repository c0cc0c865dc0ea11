import { constants } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { LockstepError, notWritten, reportOf } from "../errors/index.ts";
import { printError } from "../cli/print-error.ts";

/** Rank 0 lost another: waits for the end that the launcher is about to bring, and brings it if nobody does. */
export async function never(error: unknown): Promise<never> {
  await delay(2000);
  printError(error);
  process.exit(1);
}

/** Another rank lost one: rank 0 and the launcher say so. */
export async function neverQuietly(): Promise<never> {
  await delay(5000);
  process.exit(1);
}

/** Rank 0 ends on SIGINT and SIGTERM, unless the program has its own handlers: then it decides. */
export function endOnSignals(sweep: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (process.listenerCount(signal) > 1) return;
      sweep();
      printError(new LockstepError({ code: "LS2014", message: `interrupted by ${signal}; no output was changed` }));
      process.exit(128 + constants.signals[signal]);
    });
  }
}

/**
 * The program's lines find no place any more. A reader that has seen enough (`| head`) ends a program without a word, as SIGPIPE does to those
 * that do not ignore it, as Node does; any other reason is said. A program that listens for errors of its streams decides itself.
 */
export function endOnLostOutput(): void {
  for (const [name, stream] of [["output", process.stdout], ["error", process.stderr]] as const) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (stream.listenerCount("error") > 1) return;
      if (error.code === "EPIPE") process.exit(128 + constants.signals.SIGPIPE);
      if (name === "output") printError(notWritten("standard output", error));
      process.exit(1);
    });
  }
}

/** A test runner ends its workers with SIGTERM: they tidy up, and die of it all the same. */
export function sweepOnTermination(sweep: () => void): void {
  process.once("SIGTERM", () => {
    sweep();
    process.kill(process.pid, "SIGTERM");
  });
}

/** An error of ours that nobody caught is printed as a message, not as a crash; all others stay Node's. */
export function printUncaught(): void {
  // A monitor, since a handler would take the other errors' report away from Node.
  process.on("uncaughtExceptionMonitor", (error) => {
    if (!reportOf(error) || process.listenerCount("uncaughtException") > 0) return;
    printError(error);
    process.exit(1);
  });
}
