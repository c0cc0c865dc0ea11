import { signal } from "@preact/signals";
import type { ManifestFunction } from "../compile/protocol.ts";
import { Canvas } from "../graph/canvas.tsx";
import { boxOf, GraphNode, type NodeText } from "../graph/node.tsx";
import { pathThrough } from "../graph/path.ts";
import { useLayout } from "../graph/use-layout.ts";
import { good, manifest } from "../state/compiled.ts";
import { ofLine } from "../state/focus.ts";
import { type DrawnInstruction, instructionsOf } from "../state/instructions.ts";
import { kindOf } from "../state/tables.ts";
import { Choice } from "./controls.tsx";
import { NothingOfProgram } from "./empty.tsx";
import { FunctionTitle } from "./function-title.tsx";
import { collectivesOf, pairsOf, patternOf } from "./plan-exchanges.ts";
import type { View } from "./view.ts";

const ranks = signal<"1" | "2" | "3" | "4">("2");
const BETWEEN_LANES = 70;
const ABOVE_LANES = 26;

function Plan() {
  // The last stage that is IR: exchanges are decided, operators final.
  const stage = good.value?.result.stages.findLast((s) => s.name !== "emit");
  const functions = manifest.value.filter((fn) => fn.tables.length > 0);
  if (functions.length === 0 || !stage) return <NothingOfProgram what="No annotated function has a plan." />;
  const instructions = instructionsOf(stage.text);
  return (
    <div class="page">
      <div class="toolbar">
        <Choice label="Ranks drawn" value={ranks.value} onChange={(value) => void (ranks.value = value)} choices={[["1", "1 rank"], ["2", "2 ranks"], ["3", "3 ranks"], ["4", "4 ranks"]]} />
        <span class="note">what the text decides; the engine places shuffle or broadcast when it knows the sizes</span>
      </div>
      {functions.map((fn) => <Lanes key={fn.id} fn={fn} instructions={instructions.get(fn.id) ?? []} count={Number(ranks.value)} />)}
    </div>
  );
}

function Lanes({ fn, instructions, count }: { fn: ManifestFunction; instructions: readonly DrawnInstruction[]; count: number }) {
  const nodes = instructions.map((i) => ({ ...i, text: textOf(fn, i), moves: movesOf(fn, i) }));
  const boxes = nodes.map(({ id, text }) => boxOf(id, text));
  const known = new Set(nodes.map(({ id }) => id));
  const edges = nodes.flatMap((node) => node.inputs.filter((from) => known.has(from)).map((from) => ({ from, to: node.id })));
  const layout = useLayout(boxes, edges);
  if (!layout) return <p class="empty">Drawing…</p>;
  const step = layout.width + BETWEEN_LANES;
  const lanes = Array.from({ length: count }, (_, rank) => rank);
  const exchanges = nodes.flatMap(({ id, inputs, moves }) =>
    moves === null ? [] : pairsOf(patternOf(moves), count).flatMap(({ from, to }) => (inputs.length > 0 ? inputs : [id]).filter((input) => known.has(input)).map((input) => ({ id, input, from, to }))),
  );
  const boxById = new Map(boxes.map((box) => [box.id, box]));
  return (
    <section>
      <FunctionTitle fn={fn} />
      <Canvas width={step * count - BETWEEN_LANES} height={layout.height + ABOVE_LANES} label={`Plan of ${fn.name} on ${count} ranks`}>
        {lanes.map((rank) => (
          <g transform={`translate(${rank * step} ${ABOVE_LANES})`}>
            <rect class="lane" x={-14} y={-34} width={layout.width + 28} height={layout.height + 48} rx={10} />
            <text class="lane-title" x={0} y={-14}>rank {rank}</text>
            {layout.lines.map(({ points }) => <path class="edge" d={pathThrough(points)} marker-end="url(#arrow)" />)}
          </g>
        ))}
        {exchanges.map(({ id, input, from, to }) => {
          const [source, target] = [boxById.get(input)!, boxById.get(id)!];
          const [a, b] = [layout.places.get(input)!, layout.places.get(id)!];
          const aside = input === id;
          const start = { x: from * step + a.x + (aside ? source.width : source.width / 2), y: ABOVE_LANES + a.y + (aside ? source.height / 2 : source.height) };
          const end = { x: to * step + b.x + (aside ? 0 : target.width / 2), y: ABOVE_LANES + b.y + (aside ? target.height / 2 : 0) };
          const bend = Math.max(24, Math.abs(end.y - start.y) / 2);
          const d = aside ? `M${start.x} ${start.y}L${end.x} ${end.y}` : `M${start.x} ${start.y}C${start.x} ${start.y + bend} ${end.x} ${end.y - bend} ${end.x} ${end.y}`;
          return <path class="edge exchange" d={d} marker-end="url(#exchange-arrow)" />;
        })}
        {lanes.map((rank) => (
          <g transform={`translate(${rank * step} ${ABOVE_LANES})`}>
            {nodes.map(({ id, text }, n) => <GraphNode key={id} text={text} box={boxes[n]!} at={layout.places.get(id)!} hidden={rank > 0} />)}
          </g>
        ))}
      </Canvas>
      <table class="tables">
        <thead><tr><th scope="col">Line</th><th scope="col">Verb</th><th scope="col">What the ranks exchange</th></tr></thead>
        <tbody>
          {fn.communicates.map((c) => <tr {...ofLine(c.line)}><td class="number">{c.line}</td><td>{c.verb}</td><td>{c.what}</td></tr>)}
          {fn.communicates.length === 0 && <tr><td colSpan={3}>Nothing: no rank needs another.</td></tr>}
        </tbody>
      </table>
    </section>
  );
}

const movesOf = (fn: ManifestFunction, i: DrawnInstruction) => fn.communicates.find((c) => c.line === i.line && c.verb === i.op)?.what ?? null;

function textOf(fn: ManifestFunction, i: DrawnInstruction): NodeText {
  const table = fn.tables.find((t) => t.value === i.id);
  const moves = movesOf(fn, i);
  const kept = i.op === "spool" ? "kept: read several times" : "";
  const output = fn.outputs.find((o) => o.line === i.line && o.writer === i.op);
  return {
    title: i.op,
    details: moves === null ? (kept || table?.details || output?.path || "") : `${collectivesOf(moves)}${table?.details ? ` · ${table.details}` : ""}`,
    line: i.line,
    kind: table ? kindOf(table) : "sink",
    about: moves ?? (table ? `${table.distribution}, no exchange` : "no exchange"),
  };
}

export const plan: View = { id: "plan", title: "Plan", Panel: Plan };
