/**
 * The timeline's spans, as the engine took them down: when each operator worked on each rank. Where operators nest, what a
 * rank works on is the innermost. Until an execution's first operator works, on whatever rank, its plan is made; after that, a
 * rank of which none works waits.
 */
import { isExchange, type Profile } from "./profile.ts";

export interface Span {
  readonly name: string;
  readonly detail: string;
  readonly kind: "operator" | "exchange" | "planning" | "wait";
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
  const running = executions.map((e): Running => {
    const start = began(e) - origin;
    const end = e.ended - origin;
    return { start, planned: start + Math.min(end - start, ...(e.spans ?? []).map(([first]) => first?.[2] ?? Infinity)), end };
  });
  const lanes = Array.from({ length: ranks }, (_, rank) => {
    const work = executions.flatMap((e, n) => (e.spans?.[rank] ?? []).map(([number, , start, end]): Span => ({ ...workOf(e.operators[number]), start: running[n]!.start + start, end: running[n]!.start + end })));
    return withPauses(innermost(work.sort((a, b) => a.start - b.start || b.end - a.end)), running);
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

/** When an execution began, had its plan, ended. */
interface Running {
  readonly start: number;
  readonly planned: number;
  readonly end: number;
}

/** The spans, and between them planning and waiting, as long as something runs. */
function withPauses(spans: readonly Span[], running: readonly Running[]): Span[] {
  const pauses: Span[] = [];
  const pause = (kind: "planning" | "wait", start: number, end: number) => {
    const detail = kind === "planning" ? "the plan is made, and agreed on by all ranks" : "no operator works: other ranks, files or the program are waited for";
    if (end - start > EPSILON) pauses.push({ name: kind, detail, kind, start, end });
  };
  let next = 0;
  let at = 0;
  for (const run of [...running].sort((a, b) => a.start - b.start)) {
    at = Math.max(at, run.start);
    pause("planning", at, run.planned);
    at = Math.max(at, run.planned);
    for (; next < spans.length && spans[next]!.start < run.end; next++) {
      pause("wait", at, spans[next]!.start);
      at = Math.max(at, spans[next]!.end);
    }
    pause("wait", at, run.end);
    at = Math.max(at, run.end);
  }
  return [...spans, ...pauses].sort((a, b) => a.start - b.start);
}
