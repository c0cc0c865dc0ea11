import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { tell } from "../state/notice.ts";
import { theme } from "../state/theme.ts";
import { saveFile } from "../state/save-file.ts";
import { ask } from "../state/server.ts";
import type { Profile } from "./profile.ts";
import { type Span, timelineOf } from "./spans.ts";
import { AXIS, type Colours, draw, firstAfter, LABEL, LANE, type Viewport } from "./timeline-drawing.ts";
import { milliseconds } from "./units.ts";

/** Zoomed by the wheel or + and −, moved by dragging or ← and →. */
export function TimelineView({ run, profile }: { run: string; profile: Profile }) {
  const timeline = useMemo(() => timelineOf(profile), [profile]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const whole: Viewport = { from: 0, to: Math.max(timeline.end, 1e-3) };
  const [view, setView] = useState(whole);
  const [pointed, setPointed] = useState<{ span: Span; rank: number } | null>(null);
  const [width, setWidth] = useState(800);
  const height = AXIS + timeline.lanes.length * LANE;

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(canvas.current!.parentElement!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => setView(whole), [timeline]);
  useEffect(() => {
    const ratio = devicePixelRatio;
    const element = canvas.current!;
    element.width = width * ratio;
    element.height = height * ratio;
    const context = element.getContext("2d")!;
    context.scale(ratio, ratio);
    draw(context, timeline, view, width, coloursOf(element));
  }, [timeline, view, width, theme.value]);

  const timeAt = (pixel: number) => view.from + ((pixel - LABEL) / (width - LABEL)) * (view.to - view.from);
  const zoom = (factor: number, centre: number) => {
    const length = Math.min((view.to - view.from) * factor, whole.to);
    if (length < 1e-3) return;
    move(centre - ((centre - view.from) / (view.to - view.from)) * length, length);
  };
  const move = (from: number, length = view.to - view.from) => {
    const start = Math.min(Math.max(0, from), whole.to - length);
    setView({ from: start, to: start + length });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const length = view.to - view.from;
    const middle = view.from + length / 2;
    const act = { "+": () => zoom(0.5, middle), "-": () => zoom(2, middle), ArrowLeft: () => move(view.from - length / 5), ArrowRight: () => move(view.from + length / 5), "0": () => setView(whole) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const onPointerMove = (event: PointerEvent) => {
    if (event.buttons === 1) return move(view.from - (event.movementX / (width - LABEL)) * (view.to - view.from));
    const rank = Math.floor((event.offsetY - AXIS) / LANE);
    const lane = timeline.lanes[rank];
    const time = timeAt(event.offsetX);
    const span = lane?.[firstAfter(lane, time)];
    setPointed(span && span.start <= time ? { span, rank } : null);
  };

  return (
    <div class="timeline">
      <div class="toolbar">
        <span class="note">What each rank worked on, as measured: of nested operators the innermost, pauses from 0.1 ms on. Wheel or + − zooms, dragging or ← → moves, 0 shows all.</span>
        <button type="button" onClick={() => void saveTrace(run)}>Export for Perfetto</button>
      </div>
      <p class="legend">{kinds.map(([kind, what]) => <span class={`span-kind span-${kind}`}>{what}</span>)}</p>
      <div class="timeline-canvas">
        <canvas
          ref={canvas} height={height} tabIndex={0} role="img" aria-label={summary(profile)}
          onWheel={(event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.offsetX)); }}
          onPointerMove={onPointerMove} onPointerLeave={() => setPointed(null)} onKeyDown={onKeyDown}
        />
      </div>
      <p class="pointed" aria-live="polite">
        {pointed ? <><b>{pointed.span.name}</b> on rank {pointed.rank}, {milliseconds(pointed.span.end - pointed.span.start)} <span class="note">{pointed.span.detail}</span></> : <span class="note">Point at a bar to see what it is.</span>}
      </p>
    </div>
  );
}

const kinds: readonly (readonly [Span["kind"], string])[] = [["operator", "operators, a colour each"], ["exchange", "exchanges"], ["planning", "planning"], ["wait", "waiting"]];

/** The runtime's own trace of the run, as `lockstep run --trace` writes it. */
async function saveTrace(run: string): Promise<void> {
  try {
    saveFile("lockstep-trace.json", "application/json", await (await ask(`runs/${run}/trace`)).blob());
  } catch (error) {
    tell(`The trace could not be exported: ${(error as Error).message}`, "problem");
  }
}

const summary = (profile: Profile): string => `Timeline of ${profile.ranks} ranks over ${profile.executions.length} executions; the tables below say the same in numbers`;

function coloursOf(element: HTMLElement): Colours {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return { text: of("text"), faint: of("text-faint"), border: of("border"), planning: of("planning"), wait: of("inlay"), exchange: of("dist-replicated"), on: of("on-bar"), operators: [1, 2, 3, 4, 5, 6].map((n) => of(`bar-${n}`)) };
}
