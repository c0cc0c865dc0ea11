/**
 * The timeline's spans. When an execution began and ended is measured; of its operators the engine reports how long each
 * was busy on each rank, in total. So within an execution operators are laid end to end in the order of the data, from
 * the scans up, and what is left of its time the rank waited. Between executions the program ran.
 */
import { isExchange, type Operator, type Profile } from "./profile.ts";

export interface Span {
  readonly name: string;
  readonly detail: string;
  readonly kind: "operator" | "exchange" | "wait";
  /** Milliseconds since the first execution began. */
  readonly start: number;
  readonly end: number;
}

export interface Timeline {
  /** By rank, each in order of time, without overlaps. */
  readonly lanes: readonly (readonly Span[])[];
  readonly end: number;
}

export function timelineOf(profile: Profile): Timeline {
  const lanes: Span[][] = Array.from({ length: profile.ranks }, () => []);
  const [first] = profile.executions;
  const origin = first ? first.ended - first.seconds * 1000 : 0;
  let last = 0;
  for (const { ended, seconds, operators } of profile.executions) {
    // Of plans that ran at the same time the second is drawn behind the first.
    const begin = Math.max(last, ended - seconds * 1000 - origin);
    last = begin + seconds * 1000;
    const ordered = inDataOrder(operators);
    for (const [rank, lane] of lanes.entries()) layEnd(lane, ordered, rank, begin, last);
  }
  return { lanes, end: last };
}

/** Stages one after the other; of each the inputs before what reads them. */
function inDataOrder(operators: readonly Operator[]): Operator[] {
  return [...Map.groupBy(operators, (o) => o.stage).entries()].sort(([a], [b]) => a - b).flatMap(([, stage]) => stage.toReversed());
}

function layEnd(lane: Span[], operators: readonly Operator[], rank: number, begin: number, end: number): void {
  const busy = operators.reduce((sum, o) => sum + (o.ranks[rank]?.busyMs ?? 0), 0);
  // Threads of a rank are busy at the same time: then the shares are what is drawn.
  const scale = busy > end - begin ? (end - begin) / busy : 1;
  let at = begin;
  for (const operator of operators) {
    const counters = operator.ranks[rank];
    if (!counters || counters.busyMs === 0) continue;
    const until = at + counters.busyMs * scale;
    lane.push({ name: operator.name, detail: operator.detail, kind: isExchange(operator) ? "exchange" : "operator", start: at, end: until });
    at = until;
  }
  if (end - at > 1e-6) lane.push({ name: "wait", detail: "neither busy with an operator nor done: waiting for other ranks, files or the program", kind: "wait", start: at, end });
}
