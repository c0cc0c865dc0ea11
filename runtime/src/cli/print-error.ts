import { inspect } from "node:util";
import { LockstepError } from "../errors/index.ts";
import { debugging } from "../observe/debug.ts";

/** What, where, why and how to mend it; the stack only for `LOCKSTEP_DEBUG=stack`. */
export function printError(error: unknown): void {
  const stack = debugging("stack");
  const text = error instanceof LockstepError ? String(error) : stack ? inspect(error) : `error: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${text}\n`);
  if (stack && error instanceof LockstepError && error.stack) process.stderr.write(`${error.stack}\n`);
}
