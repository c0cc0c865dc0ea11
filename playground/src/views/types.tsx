import type { ManifestFunction, ManifestTable } from "../compile/protocol.ts";
import { manifest } from "../state/compiled.ts";
import { ofLine } from "../state/focus.ts";
import { prunedOf, shortened } from "../state/tables.ts";
import { NothingOfProgram } from "./empty.tsx";
import { FunctionTitle } from "./function-title.tsx";
import type { View } from "./view.ts";

/** Of a table that has thousands. */
const MOST_COLUMNS = 200;

function Types() {
  if (manifest.value.length === 0) return <NothingOfProgram what="No annotated function makes a table." />;
  return (
    <div class="page">
      <p class="legend">
        <span class="column">computed</span> <span class="column last">last used here</span> <span class="pruned"><b>pruned</b> in the table, but nobody computes it</span>
      </p>
      {manifest.value.map((fn) => (
        <section key={fn.id}>
          <FunctionTitle fn={fn} />
          {fn.inputs.map((input) => (
            <p class="read" {...ofLine(input.line)}>
              <b>{input.reader}</b> <code>{input.path}</code> reads {input.read.length} of {input.present.length} columns
              {input.filters.length > 0 && <> where <code>{input.filters.join(" and ")}</code></>}
            </p>
          ))}
          <table class="tables">
            <thead><tr><th scope="col">Line</th><th scope="col">Table</th><th scope="col">Columns</th></tr></thead>
            <tbody>{fn.tables.map((table) => <Row key={table.value} table={table} fn={fn} />)}</tbody>
          </table>
        </section>
      ))}
    </div>
  );
}

function Row({ table, fn }: { table: ManifestTable; fn: ManifestFunction }) {
  const computed = new Set(table.columns);
  const consumers = fn.tables.filter((t) => t.inputs.includes(table.value));
  const isLast = (name: string) => consumers.length > 0 && !consumers.some((t) => t.columns.includes(name));
  const pruned = prunedOf(table);
  const shown = table.row.filter(({ name }) => computed.has(name));
  return (
    <tr {...ofLine(table.line)}>
      <td class="number">{table.line}</td>
      <th scope="row"><span class="ir-value">%{table.value}</span> {table.verb}</th>
      <td>
        {shown.slice(0, MOST_COLUMNS).map(({ name, type }) => (
          <span class={isLast(name) ? "column last" : "column"}>
            {name}<span class="type">{type}</span>
            {isLast(name) && <span class="sr-only"> (last used here)</span>}
          </span>
        ))}
        {shown.length > MOST_COLUMNS && <span class="note">and {shown.length - MOST_COLUMNS} more</span>}
        {pruned.length > 0 && <div class="pruned"><b>{pruned.length} pruned</b> {shortened(pruned, MOST_COLUMNS)}</div>}
      </td>
    </tr>
  );
}

export const types: View = { id: "types", title: "Types", Panel: Types };
