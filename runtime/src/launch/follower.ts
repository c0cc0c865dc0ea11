import { inspect } from "node:util";
import { debugging } from "../observe/debug.ts";

/** What a rank prints, rank 0 prints as well. */
export function silence(): void {
  if (debugging("ranks")) return;
  for (const method of ["log", "info", "warn", "error", "debug", "trace", "dir", "table", "group", "time", "timeEnd", "timeLog", "count"] as const) console[method] = () => undefined;
}

/** An error of the program's modules: what and where. */
export function firstLines(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)).split("\n").slice(0, 2).join("\n") : inspect(error);
}
