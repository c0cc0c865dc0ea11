import { useMemo } from "preact/hooks";
import { good, manifest } from "../state/compiled.ts";
import { Code } from "./code.tsx";
import { NothingOfProgram } from "./empty.tsx";
import type { View } from "./view.ts";

function Manifest() {
  const functions = manifest.value;
  const text = useMemo(() => JSON.stringify(functions, null, 2), [functions]);
  if (!good.value?.result.rankModule) return <NothingOfProgram what="A module without annotated functions has no manifest." />;
  return (
    <div class="stack">
      <div class="toolbar"><span class="note">“functions” of lockstep.manifest.json, which <code>lockstep explain</code> prints</span></div>
      <Code code={text} sourceLines={linesOf(text)} label="Manifest" />
    </div>
  );
}

/** A line that says `"line": 12`, and what follows it in the same object, is about line 12. */
function linesOf(text: string): (number | undefined)[] {
  return text.split("\n").map((line) => {
    const [, number] = /^\s*"line": (\d+),?$/.exec(line) ?? [];
    return number === undefined ? undefined : Number(number);
  });
}

export const manifestView: View = { id: "manifest", title: "Manifest", Panel: Manifest };
