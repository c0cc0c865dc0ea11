/** The timeline as a Trace Event file, which Perfetto and chrome://tracing open. */
import type { Timeline } from "./spans.ts";

export function perfettoTrace({ lanes }: Timeline): string {
  const events = lanes.flatMap((lane, rank) => [
    { ph: "M", name: "thread_name", pid: 0, tid: rank, args: { name: `rank ${rank}` } },
    // Microseconds.
    ...lane.map(({ name, detail, kind, start, end }) => ({ ph: "X", name, cat: kind, pid: 0, tid: rank, ts: start * 1000, dur: (end - start) * 1000, args: { detail } })),
  ]);
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: [{ ph: "M", name: "process_name", pid: 0, args: { name: "lockstep" } }, ...events] });
}
