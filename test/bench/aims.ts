/** What the figures of a suite are to be, and the lines that say whether they are. Ratios to others are of sums of medians over the suite's cases. */

import { median } from "./measure.ts";

/** A line of a case and a system, as `compare` and `tpch` write it. */
export interface Line {
  readonly case: string;
  readonly system: string;
  readonly seconds: number;
  readonly status: string;
}

/** At most, unless it says otherwise. */
export const aims: {
  readonly sum: Readonly<Record<string, number>>;
  readonly query: number;
  readonly ranksOverThreads: number;
  readonly scaling: Readonly<Record<string, number>>;
  readonly balance: Readonly<Record<string, number>>;
  readonly memory: number;
} = {
  /** Two ranks' sum by the best peer's (of TPC-H DuckDB's). Of sort and udf none was set. */
  sum: { taxi: 0.35, groupby: 1, join: 1, tpch: 1 },
  /** Any query of TPC-H by DuckDB's. */
  query: 1.5,
  /** Two ranks of one thread by one rank of two. */
  ranksOverThreads: 1.05,
  /** At least: what two ranks gain over one, as a share of what two processes that share nothing gain. */
  scaling: { taxi: 0.95, scan: 0.95, groupby: 0.95, join: 0.85 },
  /** Rows of the largest rank by the mean. */
  balance: { uniform: 1.1, zipf: 1.3 },
  /** Memory at most, by the limit. */
  memory: 1.15,
};

/** The status of a figure; without an aim it has none to miss. */
export const judged = (value: number | null, aim: number | undefined, atLeast = false): string =>
  value === null || Number.isNaN(value) || aim === undefined || (atLeast ? value >= aim : value <= aim) ? "ok" : "missed";

/** With which systems ours is compared. */
const peers = ["duckdb", "polars"];

/**
 * What a suite comes to: a line a system of all its cases, one of ranks beside threads, and where `limits` (each what two processes of pure computing
 * reach over one here) are given, one of two ranks over one. A line is left out where a system that it needs did not run; what failed or was wrong says so.
 */
export function suiteLines(suite: string, lines: readonly Line[], limits: readonly number[] = []): Record<string, unknown>[] {
  const cases = new Set(lines.map((line) => line.case));
  const systems = [...new Set(lines.map((line) => line.system))];
  const of = (system: string): readonly Line[] => lines.filter((line) => line.system === system);
  const complete = systems.filter((system) => of(system).length === cases.size);
  const sum = (system: string): number | undefined => (complete.includes(system) ? of(system).reduce((total, { seconds }) => total + seconds, 0) : undefined);
  const wrong = (...names: string[]): string | undefined => names.flatMap(of).find(({ status }) => !/^(ok|missed)/.test(status))?.status;
  const best = peers.map((system) => ({ system, seconds: wrong(system) === undefined ? sum(system) : undefined })).filter((peer): peer is { system: string; seconds: number } => peer.seconds !== undefined).sort((a, b) => a.seconds - b.seconds)[0];
  const found: Record<string, unknown>[] = [];
  for (const system of complete) {
    const seconds = sum(system)!;
    const ratio = best ? seconds / best.seconds : null;
    const aim = system === "lockstep" ? aims.sum[suite] : undefined;
    found.push({ suite, case: "sum", system, seconds, cases: cases.size, ratio, best_peer: best?.system ?? null, ...(aim !== undefined && { aim }), status: wrong(system) ?? judged(ratio, aim) });
  }
  const [ranks, threads, one] = ["lockstep", "lockstep-1x2", "lockstep-1x1"].map(sum);
  if (ranks !== undefined && threads !== undefined) {
    const ratio = ranks / threads;
    found.push({ suite, case: "ranks-over-threads", system: "lockstep", ratio, aim: aims.ranksOverThreads, status: wrong("lockstep", "lockstep-1x2") ?? judged(ratio, aims.ranksOverThreads) });
  }
  if (ranks !== undefined && one !== undefined && limits.length > 0) {
    const limit = median(limits);
    const share = one / ranks / limit;
    const aim = aims.scaling[suite];
    found.push({ suite, case: "two-ranks-over-one", system: "lockstep", speed_up: one / ranks, calibrated_limit: limit, ratio: share, ...(aim !== undefined && { aim }), status: wrong("lockstep", "lockstep-1x1") ?? judged(share, aim, true) });
  }
  return found;
}
