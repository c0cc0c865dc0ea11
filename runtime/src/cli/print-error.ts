import { inspect } from "node:util";
import { reportOf } from "../errors/index.ts";
import { debugging } from "../observe/debug.ts";

/** What, where, why and how to mend it; the stack only for `LOCKSTEP_DEBUG=stack`. */
export function printError(error: unknown): void {
  const stack = debugging("stack");
  const report = reportOf(error);
  const text = report ? String(report) : stack ? inspect(error) : `error: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${text}\n`);
  if (stack && report?.stack) process.stderr.write(`${report.stack}\n`);
}
