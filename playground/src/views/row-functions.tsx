import { manifest } from "../state/compiled.ts";
import { ofLine } from "../state/focus.ts";
import { NothingOfProgram } from "./empty.tsx";
import { FunctionTitle } from "./function-title.tsx";
import type { View } from "./view.ts";

function RowFunctions() {
  const functions = manifest.value.filter((fn) => fn.rowFunctions.length > 0);
  if (functions.length === 0) return <NothingOfProgram what="No verb takes a function of a row here." />;
  return (
    <div class="page">
      {functions.map((fn) => (
        <section key={fn.id}>
          <FunctionTitle fn={fn} />
          <table class="tables">
            <thead><tr><th scope="col">Line</th><th scope="col">Defines</th><th scope="col">Tier</th><th scope="col">Source and what the engine computes</th></tr></thead>
            <tbody>
              {fn.rowFunctions.map((row) => (
                <tr {...ofLine(row.line)}>
                  <td class="number">{row.line}</td>
                  <td>{row.verb}{row.column !== null && <div class="details">{row.column}</div>}</td>
                  <td><span class={`tier tier-${row.tier}`}>{row.tier === "v8" ? "V8" : "native"}</span></td>
                  <td>
                    <code class="block">{row.source}</code>
                    {row.native !== null && <code class="block native"><span class="sr-only">native: </span>→ {row.native}</code>}
                    {row.reason !== null && <div class="details">not native because {row.reason}</div>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </div>
  );
}

/** How many run in JavaScript: what a person looks for. */
const inV8 = () => manifest.value.flatMap((fn) => fn.rowFunctions).filter((row) => row.tier === "v8").length || null;

export const rowFunctions: View = { id: "row-functions", title: "Row functions", badge: inV8, Panel: RowFunctions };
