/** A run's profiles as a trace that Perfetto and Chrome open: a process a rank, a thread a lane of operators. */

import type { Operator, Profile } from "./profile.ts";

/** What a trace is made of: one execution as the engine's profile has it. */
export interface TracedExecution extends Pick<Profile, "seconds" | "spans"> {
  /** Milliseconds since rank 0's process began. */
  readonly ended: number;
  readonly operators: readonly Pick<Operator, "stage" | "lane" | "name" | "detail">[];
}

interface TraceEvent {
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
  readonly cat?: string;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Trace Event Format, the JSON array in an object. */
export function traceOf(executions: readonly TracedExecution[]): string {
  const events: TraceEvent[] = [];
  /** Threads by what they are of; a lane's operators nest, two lanes' do not. */
  const threads = new Map<string, number>();
  executions.forEach(({ ended, seconds, operators, spans = [] }, execution) => {
    const origin = ended - seconds * 1000;
    spans.forEach((list, rank) => {
      for (const [number, partition, start, end] of list) {
        const operator = operators[number];
        const lane = operator ? operators[operator.lane]! : undefined;
        const title = lane ? `stage ${lane.stage}: ${operator!.lane === number || lane !== operator ? lane.name : operator.name}` : "output";
        const key = `${rank}/${execution}/${operator?.lane ?? "output"}/${partition}`;
        let tid = threads.get(key);
        if (tid === undefined) {
          tid = threads.size + 1;
          threads.set(key, tid);
          events.push({ ph: "M", pid: rank, tid, name: "thread_name", args: { name: `#${execution + 1} ${title}, partition ${partition}` } });
        }
        events.push({
          ph: "X", pid: rank, tid, name: operator?.name ?? "output", cat: operator ? "operator" : "output", ts: Math.round((origin + start) * 1000), dur: Math.round((end - start) * 1000),
          ...(operator?.detail ? { args: { detail: operator.detail } } : {}),
        });
      }
    });
  });
  const ranks = Math.max(0, ...executions.map(({ spans }) => spans?.length ?? 0));
  for (let rank = 0; rank < ranks; rank++) events.push({ ph: "M", pid: rank, tid: 0, name: "process_name", args: { name: `rank ${rank}` } });
  return `{"displayTimeUnit":"ms","traceEvents":[\n${events.map((event) => JSON.stringify(event)).join(",\n")}\n]}\n`;
}
