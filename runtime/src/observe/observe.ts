import { writeFileSync } from "node:fs";
import { summaryLine } from "./summary.ts";

/** A run as its launcher described it. */
export interface Run {
  readonly size: number;
  readonly threads: number;
  /** Print a line at the end. */
  readonly summary: boolean;
  /** File for the profiles of all executions. */
  readonly profile?: string | undefined;
}

const profiles: unknown[] = [];

/** Keeps the profile of one execution. */
export function observe(rank: number, profile: string): void {
  if (rank === 0) profiles.push(JSON.parse(profile));
}

/** At the end of the process: the summary line and the profile file of a run that executed anything. */
export function watchRun(run: Run): void {
  const start = performance.now();
  process.once("exit", (code) => {
    if (profiles.length === 0) return;
    if (run.profile !== undefined) writeFileSync(run.profile, `${JSON.stringify({ ranks: run.size, threads: run.threads, executions: profiles }, null, 1)}\n`);
    if (run.summary && code === 0) process.stderr.write(`${summaryLine(run, profiles, (performance.now() - start) / 1000)}\n`);
  });
}
