import type { ManifestFunction, ManifestTable } from "../compile/protocol.ts";
import { Canvas } from "../graph/canvas.tsx";
import { boxOf, GraphNode, type NodeText } from "../graph/node.tsx";
import { pathThrough } from "../graph/path.ts";
import { useLayout } from "../graph/use-layout.ts";
import { manifest } from "../state/compiled.ts";
import { ofLine } from "../state/focus.ts";
import { kindOf, kinds, movesAt, reasonOf } from "../state/tables.ts";
import { NothingOfProgram } from "./empty.tsx";
import { FunctionTitle } from "./function-title.tsx";
import type { View } from "./view.ts";

function Distributions() {
  const functions = manifest.value.filter((fn) => fn.tables.length > 0);
  if (functions.length === 0) return <NothingOfProgram what="No annotated function makes a table." />;
  return (
    <div class="page">
      <p class="legend">
        {Object.entries(kinds).map(([kind, what]) => <span class={`kind kind-${kind}`}><b>{kind}</b> {what}</span>)}
      </p>
      {functions.map((fn) => <Flow key={fn.id} fn={fn} />)}
    </div>
  );
}

function Flow({ fn }: { fn: ManifestFunction }) {
  const nodes = fn.tables.map((table) => ({ table, text: textOf(fn, table) }));
  const boxes = nodes.map(({ table, text }) => boxOf(table.value, text));
  const known = new Set(fn.tables.map((t) => t.value));
  const edges = fn.tables.flatMap((t) => t.inputs.filter((from) => known.has(from)).map((from) => ({ from, to: t.value })));
  const layout = useLayout(boxes, edges);
  const moving = new Set(fn.tables.filter((t) => t.inputs.length > 0 && movesAt(fn, t) !== null).map((t) => t.value));
  return (
    <section>
      <FunctionTitle fn={fn} />
      <div class="beside">
        {layout ? (
          <Canvas width={layout.width} height={layout.height} label={`Distributions of ${fn.name}`}>
            {layout.lines.map(({ edge, points }) => <path class={moving.has(edge.to) ? "edge exchange" : "edge"} d={pathThrough(points)} marker-end={moving.has(edge.to) ? "url(#exchange-arrow)" : "url(#arrow)"} />)}
            {nodes.map(({ table, text }, n) => <GraphNode key={table.value} text={text} box={boxes[n]!} at={layout.places.get(table.value)!} />)}
          </Canvas>
        ) : <p class="empty">Drawing…</p>}
        <ol class="reasons">
          {nodes.map(({ table, text }) => (
            <li class={`kind-${text.kind}`} {...ofLine(table.line)}>
              <b>{table.verb}</b> <span class="note">line {table.line}</span>
              <div>{reasonOf(fn, table)}</div>
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

function textOf(fn: ManifestFunction, table: ManifestTable): NodeText {
  return { title: table.verb, details: table.distribution, line: table.line, kind: kindOf(table), about: reasonOf(fn, table) };
}

export const distributions: View = { id: "distributions", title: "Distributions", Panel: Distributions };
