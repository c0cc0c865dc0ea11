/** What the engine reports of a traced run: per execution the operators, top down, with totals of each rank, and when they worked. */

export interface Counters {
  readonly rows: number;
  readonly batches: number;
  readonly busyMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly spilledBytes: number;
  /** Rows that a scan left out, and row groups that it did not read, because the other side of a join has no such key. */
  readonly rowsDropped?: number;
  readonly groupsSkipped?: number;
  /** Rows that a scan did not read, because pages, Bloom filters or dictionaries say that a filter does not match them. */
  readonly rowsPruned?: number;
  /** Rows of heavy keys that a shuffle sent elsewhere than by their hash. */
  readonly rowsSplit?: number;
}

export interface Operator {
  readonly stage: number;
  readonly depth: number;
  readonly name: string;
  readonly detail: string;
  readonly ranks: readonly Counters[];
}

export interface Profile {
  readonly ranks: number;
  readonly threads: number;
  readonly executions: readonly Execution[];
}

export interface Execution {
  /** Milliseconds since rank 0 began. */
  readonly ended: number;
  readonly seconds: number;
  readonly peakBytes: readonly number[];
  readonly operators: readonly Operator[];
  /** By rank, in order of their start: operator (below 0: a sink), partition, start and end in milliseconds since the execution began. */
  readonly spans?: readonly (readonly (readonly [operator: number, partition: number, start: number, end: number])[])[];
  /** Bytes that each rank sent to each. */
  readonly sent?: readonly (readonly number[])[];
}

export const isExchange = ({ name, ranks }: Operator): boolean => /Shuffle|Broadcast|Gather|Replicate|Exchange/.test(name) || ranks.some((c) => c.bytesSent > 0 || c.bytesReceived > 0);

/** How unevenly ranks are loaded: the largest by the mean; 1 is even. */
export function skewOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean === 0 ? 1 : Math.max(...values) / mean;
}

export const busyOf = (profile: Profile, rank: number): number => profile.executions.reduce((sum, e) => sum + e.operators.reduce((inner, o) => inner + (o.ranks[rank]?.busyMs ?? 0), 0), 0);
export const rowsReadOf = (profile: Profile, rank: number): number => profile.executions.reduce((sum, e) => sum + e.operators.filter((o) => o.name === "ScanExec" || o.name === "QueryExec").reduce((inner, o) => inner + (o.ranks[rank]?.rows ?? 0), 0), 0);

const leftOut = [
  ["rowsDropped", "rows without a partner, left out by scans"],
  ["groupsSkipped", "row groups without a partner, not read"],
  ["rowsPruned", "rows that a filter does not match, not read"],
] as const;

/** What scans left out, of each rank, by what the page calls it; most programs have none of it. */
export function leftOutOf(profile: Profile): { name: string; of: (rank: number) => number }[] {
  const measures = leftOut.map(([what, name]) => ({ name, of: (rank: number) => profile.executions.reduce((sum, e) => sum + e.operators.reduce((inner, o) => inner + (o.ranks[rank]?.[what] ?? 0), 0), 0) }));
  return measures.filter(({ of }) => Array.from({ length: profile.ranks }, (_, rank) => of(rank)).some((sum) => sum > 0));
}

export const peakOf = (profile: Profile, rank: number): number => Math.max(0, ...profile.executions.map((e) => e.peakBytes[rank] ?? 0));
export const sentOf = (profile: Profile): number => profile.executions.reduce((sum, e) => sum + e.operators.reduce((inner, o) => inner + o.ranks.reduce((total, c) => total + c.bytesSent, 0), 0), 0);
export const secondsOf = (profile: Profile): number => profile.executions.reduce((sum, e) => sum + e.seconds, 0);
