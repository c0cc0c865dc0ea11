import { printError } from "../cli/print-error.ts";
import { isProfiled, trialReport } from "../launch/trial.ts";
import { writeReport } from "./report-file.ts";
import { explainExecution } from "./explain-plan.ts";
import { type Profile, timed } from "./profile.ts";
import { traceOf, type TracedExecution } from "./trace.ts";
import { summaryLine, type Totals, type TrialReport, usageLine } from "./summary.ts";
import type { Engine } from "../spmd/engine.ts";
import { type Usage, usageOf } from "./usage.ts";

/** A run as its launcher described it. */
export interface Run {
  readonly size: number;
  readonly threads: number;
  /** Print a line at the end. */
  readonly summary: boolean;
  /** Currency for an hour of a core. */
  readonly price?: number | undefined;
  /** File for the profiles of all executions. */
  readonly profile?: string | undefined;
  /** Print each plan once it has been executed. */
  readonly explain?: boolean | undefined;
}

let watched: Run | undefined;
/** File for when each operator worked. */
const traced = process.env.LOCKSTEP_TRACE;
const kept: string[] = [];
/** What executions would be on other numbers of ranks. */
const models: string[] = [];
const totals: Totals = { executions: 0, bytesOpened: 0, rowsRead: 0, badRows: 0, bytesExchanged: 0, bytesSpilled: 0 };

/** The ranks' as they said last, and whose own goes on until the end. */
let used: { readonly ranks: readonly Usage[]; readonly engine: Engine } | undefined;

/** Takes note of what the ranks have used so far. */
export function observeUsage(ranks: readonly Usage[], engine: Engine): void {
  used = { ranks, engine };
}

/** Takes note of one execution of a call of `name`. Profiles are kept only where somebody asked for them. */
export function observe(profile: string, name: string): void {
  totals.executions++;
  if (!watched) return;
  // When it ended, in milliseconds since this process began: where it stands among the others.
  if (watched.profile !== undefined || traced !== undefined || isProfiled) kept.push(`{"ended":${performance.now().toFixed(3)},${profile.slice(1)}`);
  const counts = watched.summary || trialReport !== undefined;
  if (!watched.explain && !counts) return;
  const parsed = JSON.parse(profile) as Profile;
  if (watched.explain) process.stderr.write(`${explainExecution(name, parsed)}\n\n`);
  if (!counts) return;
  for (const { name, ranks } of parsed.operators) {
    for (const counters of ranks) {
      if (name === "ScanExec" || name === "QueryExec") totals.rowsRead += counters.rows + counters.rowsDropped;
      totals.bytesExchanged += counters.bytesSent;
      totals.bytesSpilled += counters.spilledBytes;
    }
  }
}

/** Takes note of what the last execution would be on other numbers of ranks. */
export function observeModels(texts: readonly string[]): void {
  models.push(`[${texts.join(",")}]`);
}

/** Takes note of an opened input. */
export function observeInput(bytes: number): void {
  totals.bytesOpened += bytes;
}

/** Takes note of lines that a reader left out. */
export function observeBadRows(count: number): void {
  totals.badRows += count;
}

/** At the end of the process: the summary line and the profile file of a run that executed anything. */
export function watchRun(run: Run): void {
  watched = run;
  const { size, threads, profile, summary } = run;
  process.once("exit", (code) => {
    try {
      if (traced !== undefined) writeReport("--trace", traced, traceOf(kept.map((text) => JSON.parse(text) as TracedExecution)));
      if (trialReport !== undefined && used) {
        const report = JSON.stringify({ ...totals, seconds: performance.now() / 1000, used: [usageOf(used.engine), ...used.ranks.slice(1)] } satisfies TrialReport);
        writeReport("the trial", trialReport, isProfiled ? `${report.slice(0, -1)},"profiles":[${kept.join(",")}],"models":[${models.join(",")}],"collectives":${used.engine.collectives()}}` : report);
      }
      if (profile !== undefined) {
        const executions = kept.map((text) => JSON.stringify(timed(JSON.parse(text) as Profile, traced !== undefined)));
        writeReport("--profile", profile, `{"ranks":${size},"threads":${threads},"executions":[\n${executions.join(",\n")}\n]}\n`);
      }
    } catch (error) {
      printError(error);
      process.exitCode = code || 1;
    }
    if (summary && code === 0 && used) {
      // Since the launch: performance.now() counts from this process's start.
      const seconds = performance.now() / 1000;
      const ranks = [usageOf(used.engine), ...used.ranks.slice(1)];
      process.stderr.write(`${summaryLine(run, totals, seconds)}\n${usageLine(run, totals, ranks, seconds)}\n`);
    }
  });
}
