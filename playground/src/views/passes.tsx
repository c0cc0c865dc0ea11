import { signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import type { Stage } from "../compile/protocol.ts";
import { good } from "../state/compiled.ts";
import { Choice } from "./controls.tsx";
import { diffLines, type Known } from "./diff.ts";
import { NothingOfProgram } from "./empty.tsx";
import { IRLine } from "./ir-line.tsx";
import type { View } from "./view.ts";

/** Kept while other views are looked at. */
const chosen = signal("infer-distributions");
const shown = signal<"difference" | "program">("difference");

function Passes() {
  const stages = good.value?.result.stages ?? [];
  if (stages.length === 0) return <NothingOfProgram what="No pass has run: no function says “use spmd”." />;
  const index = Math.max(0, stages.findIndex((s) => s.name === chosen.value));
  return (
    <div class="passes">
      <ol class="pass-list" aria-label="Passes, in order">
        {stages.map((stage, n) => (
          <li>
            <button type="button" aria-pressed={n === index} class={stage.changed ? "changed" : ""} onClick={() => void (chosen.value = stage.name)}>
              <span class="pass-number">{n + 1}</span>
              {stage.name}
              <span class="pass-kind">{stage.changed ? "changed" : stage.kind === "validate" ? "checks" : "no change"}</span>
            </button>
          </li>
        ))}
      </ol>
      <Program stage={stages[index]!} before={index > 0 ? stages[index - 1]!.text : ""} />
    </div>
  );
}

function Program({ stage, before }: { stage: Stage; before: string }) {
  const difference = shown.value === "difference";
  const known = useRef<Known>(new Map()).current;
  const lines = useMemo(() => diffLines(difference ? before : stage.text, stage.text, known), [stage, before, difference]);
  return (
    <div class="stack">
      <div class="toolbar">
        <Choice label="Show" value={shown.value} onChange={(value) => void (shown.value = value)} choices={[["difference", "Difference"], ["program", "Program"]]} />
        <span class="note">{difference ? (stage.changed ? "to the pass before" : "this pass changed nothing") : `the program after ${stage.name}`}</span>
      </div>
      <pre class="code ir" tabIndex={0} role="region" aria-label={`Program after ${stage.name}`}>
        {lines.map((line) => <IRLine line={line} />)}
      </pre>
    </div>
  );
}

export const passes: View = { id: "passes", title: "Passes", Panel: Passes };
