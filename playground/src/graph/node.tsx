/** A box of a graph: an operator with its line, coloured by where its rows are. */
import { pathOf, shownFile } from "../state/compiled.ts";
import { ofLine, reveal } from "../state/focus.ts";
import type { Box, Point } from "./layout.ts";

export interface NodeText {
  readonly title: string;
  readonly details: string;
  readonly line: number;
  readonly file?: string;
  /** A distribution's kind, or "sink". */
  readonly kind: string;
  /** What hovering says. */
  readonly about: string;
}

const CHARACTER = 6.7;
const LONGEST = 30;
const HEIGHT = 44;

const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

export function boxOf(id: number, { title, details }: NodeText): Box {
  const characters = Math.max(title.length + 5, cut(details).length, 10);
  return { id, width: Math.round(characters * CHARACTER + 26), height: HEIGHT };
}

export function GraphNode({ text, box, at, hidden = false }: { text: NodeText; box: Box; at: Point; hidden?: boolean }) {
  // The copies of a node in other lanes are there for the eye.
  const access = hidden ? { "aria-hidden": true } : {
    // In lower case: attributes of SVG are not HTML's.
    tabindex: 0,
    role: "button" as const,
    "aria-label": `${text.title} :${text.line} ${cut(text.details)}, ${text.about}`,
    onKeyDown: (event: KeyboardEvent) => event.key === "Enter" && reveal(text.file === undefined ? shownFile.value : pathOf(text.file), text.line),
  };
  return (
    <g class={`node kind-${text.kind}`} transform={`translate(${at.x} ${at.y})`} {...ofLine(text.line, text.file)} {...access}>
      <title>{text.about}</title>
      <rect width={box.width} height={box.height} rx={7} />
      <rect class="stripe" width={5} height={box.height} rx={2.5} />
      <text x={15} y={18} class="node-title">{text.title}</text>{" "}
      <text x={box.width - 10} y={18} class="node-line" text-anchor="end">:{text.line}</text>{" "}
      <text x={15} y={34} class="node-details">{cut(text.details)}</text>
    </g>
  );
}
