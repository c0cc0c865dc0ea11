/** Hovering a verb shows its table's schema; anywhere else on the line, the line's last table. */
import { hoverTooltip, type Tooltip } from "@codemirror/view";
import type { ManifestFunction, ManifestTable } from "../compile/protocol.ts";
import { manifest, showsMain, stale } from "../state/compiled.ts";
import { movesAt, reasonOf } from "../state/tables.ts";
import { element } from "./dom.ts";

export const schemaOnHover = hoverTooltip((view, position): Tooltip | null => {
  // A table of an older text may have moved.
  if (!showsMain.value || stale.value) return null;
  const line = view.state.doc.lineAt(position);
  const here = manifest.value.flatMap((fn) => fn.tables.filter((t) => t.line === line.number).map((table) => ({ fn, table })));
  const word = view.state.wordAt(position);
  const named = word && view.state.sliceDoc(word.from, word.to);
  const found = here.find(({ table }) => table.verb === named) ?? here.at(-1);
  if (!found || !word) return null;
  return { pos: word.from, end: word.to, create: () => ({ dom: schema(found.fn, found.table) }) };
});

function schema(fn: ManifestFunction, table: ManifestTable): HTMLElement {
  const computed = new Set(table.columns);
  const rows = table.row.map((c) => element("tr", { className: computed.has(c.name) ? "" : "pruned" }, element("td", {}, c.name), element("td", {}, c.type)));
  const moves = movesAt(fn, table);
  const reason = reasonOf(fn, table);
  return element(
    "div",
    { className: "schema" },
    element("h4", {}, `%${table.value} ${table.verb}`),
    element("table", {}, element("tbody", {}, ...rows)),
    element("p", {}, reason),
    moves === null || reason.includes(moves) ? null : element("p", {}, `communicates ${moves}`),
    table.order === null ? null : element("p", {}, `row order seen by ${table.order}`),
  );
}
