/**
 * The timeline's spans, as the engine took them down: when each operator worked on each rank. Where operators nest, what a
 * rank works on is the innermost; while an execution runs and none works, the rank plans or waits.
 */
import { isExchange, type Profile } from "./profile.ts";

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

/** Rounding of the engine's times, milliseconds. */
const EPSILON = 1e-6;

export function timelineOf({ ranks, executions }: Profile): Timeline {
  const began = ({ ended, seconds }: Profile["executions"][number]) => ended - seconds * 1000;
  const origin = Math.min(...executions.map(began));
  const running = executions.map((e) => ({ start: began(e) - origin, end: e.ended - origin }));
  const lanes = Array.from({ length: ranks }, (_, rank) => {
    const work = executions.flatMap((e, n) => (e.spans?.[rank] ?? []).map(([number, , start, end]): Span => ({ ...workOf(e.operators[number]), start: running[n]!.start + start, end: running[n]!.start + end })));
    return withWaits(innermost(work.sort((a, b) => a.start - b.start || b.end - a.end)), running);
  });
  return { lanes, end: Math.max(0, ...running.map((run) => run.end)) };
}

function workOf(operator: Profile["executions"][number]["operators"][number] | undefined): Pick<Span, "name" | "detail" | "kind"> {
  if (!operator) return { name: "output", detail: "rows that leave the plan: written, collected or counted", kind: "operator" };
  return { name: operator.name, detail: operator.detail, kind: isExchange(operator) ? "exchange" : "operator" };
}

/** Of spans in order of their start, what began last and has not ended. */
function innermost(spans: readonly Span[]): Span[] {
  const out: Span[] = [];
  const open: Span[] = [];
  let at = 0;
  const until = (time: number) => {
    const top = open.at(-1);
    const end = Math.min(top?.end ?? time, time);
    if (top && end - at > EPSILON) {
      const last = out.at(-1);
      if (last?.name === top.name && last.detail === top.detail && at - last.end < EPSILON) out[out.length - 1] = { ...last, end };
      else out.push({ ...top, start: at, end });
    }
    at = Math.max(at, end);
  };
  const closeBefore = (time: number) => {
    for (let top = open.at(-1); top && top.end <= time; top = open.at(-1)) {
      until(top.end);
      open.pop();
    }
  };
  for (const span of spans) {
    closeBefore(span.start);
    until(span.start);
    at = Math.max(at, span.start);
    open.push(span);
  }
  closeBefore(Infinity);
  return out;
}

/** The spans, and between them waiting, as long as something runs. */
function withWaits(spans: readonly Span[], running: readonly { readonly start: number; readonly end: number }[]): Span[] {
  const waits: Span[] = [];
  const wait = (start: number, end: number) => {
    if (end - start > EPSILON) waits.push({ name: "wait", detail: "no operator works: the plan is made, or other ranks, files or the program are waited for", kind: "wait", start, end });
  };
  let next = 0;
  let at = 0;
  for (const run of [...running].sort((a, b) => a.start - b.start)) {
    at = Math.max(at, run.start);
    for (; next < spans.length && spans[next]!.start < run.end; next++) {
      wait(at, spans[next]!.start);
      at = Math.max(at, spans[next]!.end);
    }
    wait(at, run.end);
    at = Math.max(at, run.end);
  }
  return [...spans, ...waits].sort((a, b) => a.start - b.start);
}
