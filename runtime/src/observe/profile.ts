/** What the engine says of an execution, and what a profile makes of it: operators top down, with one set of counters a rank. */

/** Counts of one rank. */
export interface Counters {
  /** Rows that came out; of an exchange, rows that came in on this rank. */
  readonly rows: number;
  readonly batches: number;
  readonly busyMs: number;
  readonly bytesSent: number;
  readonly messagesSent: number;
  readonly bytesReceived: number;
  readonly spilledBytes: number;
  readonly rowsDropped: number;
  readonly groupsSkipped: number;
  readonly rowsPruned: number;
  readonly rowsSplit: number;
  /** Of an exchange: the most memory that has waited to be sent. */
  readonly bytesBuffered: number;
}

export interface Operator<C extends Counters = Counters> {
  readonly stage: number;
  /** 0: the stage's root; an operator's inputs follow it one deeper. */
  readonly depth: number;
  /** Operators of one lane run in the same tasks: the number of the exchange above them, or of the stage's root. */
  readonly lane: number;
  readonly name: string;
  /** What the operator is told. */
  readonly detail: string;
  readonly ranks: readonly C[];
}

/** Of one partition: operator, partition, start and end in milliseconds since the execution began. Below 0 operators are sinks. */
export type Span = readonly [operator: number, partition: number, start: number, end: number];

/** As the engine writes it. */
export interface Profile<C extends Counters = Counters> {
  readonly seconds: number;
  /** The most memory that operators have held at once since the job began, by rank. */
  readonly peakBytes: readonly number[];
  /** Sent since the job began, by rank. */
  readonly messages: readonly number[];
  readonly bytes: readonly number[];
  readonly operations: number;
  /** Collectives that were recorded before. */
  readonly recorded: number;
  readonly operators: readonly Operator<C>[];
  /** By rank, where operators were timed. */
  readonly spans?: readonly (readonly Span[])[];
  /** Bytes by rank and the rank that they were sent to, where operators were timed. */
  readonly sent?: readonly (readonly number[])[];
}

export interface Timed extends Counters {
  /** Milliseconds, added up over partitions, from the first look for a batch to the last in which nobody was looking: the tasks waited for others' rows, for a disk or for a core. Pauses below 0.1 ms are none. */
  readonly waitMs: number;
}

/** With the waits that its spans tell, and without the spans, unless they were asked for. */
export function timed(profile: Profile, keepSpans: boolean): Profile<Timed> {
  const { spans, ...rest } = profile;
  const waits = (spans ?? []).map(waitsOf);
  const operators = profile.operators.map((operator, number) => ({ ...operator, ranks: operator.ranks.map((counters, rank) => ({ ...counters, waitMs: waits[rank]?.get(number) ?? 0 })) }));
  return { ...rest, operators, ...(keepSpans && spans && { spans }) };
}

/** By operator. */
function waitsOf(spans: readonly Span[]): Map<number, number> {
  const partitions = new Map<string, { operator: number; first: number; last: number; worked: number }>();
  for (const [operator, partition, start, end] of spans) {
    const key = `${operator}/${partition}`;
    const known = partitions.get(key) ?? { operator, first: start, last: end, worked: 0 };
    partitions.set(key, { operator, first: Math.min(known.first, start), last: Math.max(known.last, end), worked: known.worked + end - start });
  }
  const waits = new Map<number, number>();
  for (const { operator, first, last, worked } of partitions.values()) waits.set(operator, (waits.get(operator) ?? 0) + Math.max(0, last - first - worked));
  for (const [operator, wait] of waits) waits.set(operator, Number(wait.toFixed(3)));
  return waits;
}
