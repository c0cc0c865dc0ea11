/** A scrollable drawing with a zoom. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const MARGIN = 20;
/** Text is still read at this zoom. */
const SMALLEST_FIT = 0.62;

export function Canvas({ width, height, label, children }: { width: number; height: number; label: string; children: ComponentChildren }) {
  const scroll = useRef<HTMLDivElement>(null);
  const [fit, setFit] = useState(1);
  const [chosen, setZoom] = useState<number | null>(null);
  useLayoutEffect(() => setFit(Math.max(SMALLEST_FIT, Math.min(1, scroll.current!.clientWidth / (width + 2 * MARGIN)))), [width]);
  const zoom = chosen ?? fit;
  const by = (factor: number) => setZoom(Math.min(2, Math.max(0.4, zoom * factor)));
  const [w, h] = [width + 2 * MARGIN, height + 2 * MARGIN];
  return (
    <div class="canvas">
      <div class="zoom" role="group" aria-label="Zoom">
        <button type="button" aria-label="Smaller" onClick={() => by(1 / 1.25)}>−</button>
        <button type="button" aria-label={`Fit; now ${Math.round(zoom * 100)}%`} onClick={() => setZoom(null)}>{Math.round(zoom * 100)}%</button>
        <button type="button" aria-label="Larger" onClick={() => by(1.25)}>+</button>
      </div>
      <div class="canvas-scroll" ref={scroll} tabIndex={0} role="region" aria-label={label}>
        <svg width={w * zoom} height={h * zoom} viewBox={`${-MARGIN} ${-MARGIN} ${w} ${h}`} role="group" aria-label={label}>
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" class="arrow" /></marker>
            <marker id="exchange-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" class="exchange-arrow" /></marker>
          </defs>
          {children}
        </svg>
      </div>
    </div>
  );
}
