import { useState } from "preact/hooks";
import { good } from "../state/compiled.ts";
import { Choice } from "./controls.tsx";
import { Code } from "./code.tsx";
import { NothingOfProgram } from "./empty.tsx";
import { sourceLines } from "./source-lines.ts";
import type { View } from "./view.ts";

/** What the ranks run, and what stays of the user's module. */
function Output() {
  const [which, choose] = useState<"ranks" | "module">("ranks");
  const result = good.value?.result;
  if (!result?.rankModule) return <NothingOfProgram what="No function says “use spmd”, so the module stays as it is." />;
  const shown = which === "ranks" ? result.rankModule : result;
  return (
    <div class="stack">
      <div class="toolbar">
        <Choice label="Output file" value={which} onChange={(value) => choose(value)} choices={[["ranks", "What every rank runs"], ["module", "Your module"]]} />
        <span class="note">{which === "ranks" ? "annotated functions in SPMD form" : "the functions have become calls on all ranks"}</span>
      </div>
      <Code key={`${which} ${good.value!.title} ${good.value!.main}`} code={shown.code} startAt={which === "ranks" ? /^export const / : undefined} sourceLines={sourceLines(shown.map)} label={which === "ranks" ? "SPMD code" : "Your module's code"} />
    </div>
  );
}

export const output: View = { id: "output", title: "Output", Panel: Output };
