/** What a page's main thread did meanwhile, from Chromium's own trace. */
import type { Browser, Page } from "playwright-core";

export interface Work {
  /** Milliseconds of script in the busiest 5 % of frames. */
  readonly scriptOfFrame: number;
  readonly longestTask: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of the thread itself: what other processes took from it does not count. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

const FRAME = 1e6 / 60;
const script = new Set(["FunctionCall", "EvaluateScript", "RunMicrotasks", "FireAnimationFrame", "TimerFire", "EventDispatch", "v8.callFunction"]);

export async function traced(browser: Browser, page: Page, action: () => Promise<void>): Promise<Work> {
  await browser.startTracing(page, { categories: ["devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline"] });
  await action();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  // Other pages of the browser have threads of the same name; this page's has the most script.
  const mains = traceEvents.filter((e) => e.name === "thread_name" && e.args?.name === "CrRendererMain");
  const works = mains.map((main) => traceEvents.filter((e) => e.pid === main.pid && e.tid === main.tid && e.ph === "X" && e.dur !== undefined));
  const own = works.toSorted((a, b) => total(b) - total(a))[0] ?? [];
  const tasks = own.filter((e) => e.name === "RunTask" || e.name === "ThreadControllerImpl::RunTask");
  if (tasks.length === 0) throw new Error("the trace has no tasks of the page");
  const frames = perFrame(outermost(own.filter((e) => script.has(e.name))));
  return { scriptOfFrame: frames.toSorted((a, b) => a - b)[Math.floor(frames.length * 0.95)] ?? 0, longestTask: Math.max(...tasks.map((e) => e.dur!)) / 1000 };
}

const total = (events: readonly TraceEvent[]): number => outermost(events.filter((e) => script.has(e.name))).reduce((sum, e) => sum + e.dur!, 0);

/** Without those within others. */
function outermost(events: readonly TraceEvent[]): TraceEvent[] {
  let end = 0;
  return events.toSorted((a, b) => a.ts - b.ts || b.dur! - a.dur!).filter((e) => {
    if (e.ts < end) return false;
    end = e.ts + e.dur!;
    return true;
  });
}

/** Milliseconds of script in each sixtieth of a second that has some. */
function perFrame(events: readonly TraceEvent[]): number[] {
  const frames = new Map<number, number>();
  for (const e of events) {
    const frame = Math.floor(e.ts / FRAME);
    frames.set(frame, (frames.get(frame) ?? 0) + (e.tdur ?? e.dur!) / 1000);
  }
  return [...frames.values()];
}
