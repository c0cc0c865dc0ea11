import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Chart } from "../run/chart.tsx";
import { CompareRuns } from "../run/compare-runs.tsx";
import { RanksTable } from "../run/ranks-table.tsx";
import { ResultRows } from "../run/result-table.tsx";
import { isOver, nameOf, programArguments, ranks, type Run, running, runs, shown, shownRun, start, stop, withPlain } from "../run/runs.ts";
import { TimelineView } from "../run/timeline.tsx";
import { upload } from "../run/upload.ts";
import { cannotRun } from "../state/server.ts";
import { Choice } from "./controls.tsx";
import { Empty } from "./empty.tsx";
import type { View } from "./view.ts";

type Part = "result" | "chart" | "timeline" | "ranks" | "compare" | "output";
const part = signal<Part>("result");

function RunPanel() {
  if (cannotRun !== null) return <Empty what={cannotRun} />;
  const run = shown.value;
  return (
    <div class="page run">
      <Controls />
      {run ? <Shown run={run} /> : <Empty what="The program runs on ranks of this machine, then under plain Node, and the answers are compared." />}
    </div>
  );
}

function Controls() {
  return (
    <form class="toolbar" onSubmit={(event) => { event.preventDefault(); void start(); }}>
      {running.value ? <button type="button" class="primary" onClick={() => void stop()}>Stop</button> : <button type="submit" class="primary">Run</button>}
      <label>on <select value={String(ranks.value)} onChange={(event) => void (ranks.value = Number(event.currentTarget.value))}>{[1, 2, 3, 4, 5, 6, 7, 8].map((n) => <option value={String(n)}>{n === 1 ? "1 rank" : `${n} ranks`}</option>)}</select></label>
      <label class="wide">with <input type="text" aria-label="Arguments of the program" placeholder="arguments: process.argv" value={programArguments.value} onInput={(event) => void (programArguments.value = event.currentTarget.value)} /></label>
      <label class="upload"><span>Upload data</span><input class="sr-only" type="file" accept=".csv,.parquet,.arrow,.arrows,.feather,.jsonl,.ndjson,.json" onChange={(event) => void upload(event.currentTarget)} /></label>
      <label><input type="checkbox" checked={withPlain.value} onChange={(event) => void (withPlain.value = event.currentTarget.checked)} /> compare with plain Node</label>
    </form>
  );
}

const phases: Readonly<Record<Run["phase"], string>> = { BUILDING: "building", QUEUED: "waiting for the run before", RUNNING: "running", SUCCEEDED: "done", FAILED: "failed", CANCELLED: "stopped" };

const verdicts = { true: "equal to plain Node", false: "NOT equal to plain Node", null: "not compared with plain Node" } as const;

function Shown({ run }: { run: Run }) {
  const { comparison } = run;
  return (
    <>
      <div class="run-head" role="status">
        <select aria-label="Run" value={String(run.number)} onChange={(event) => void (shownRun.value = Number(event.currentTarget.value))}>{runs.value.map((r) => <option value={String(r.number)}>{nameOf(r)}</option>)}</select>
        <span class={`phase phase-${run.phase.toLowerCase()}`}>{phases[run.phase]}</span>
        {isOver(run) && <span class="note">{run.seconds.toFixed(2)} s</span>}
        {run.message !== "" && <span>{run.message}</span>}
        {comparison && <span class={`verdict verdict-${comparison.equal}`}>{verdicts[`${comparison.equal}`]}<span class="note">{comparison.what}</span></span>}
      </div>
      <Choice label="Part" value={part.value} onChange={(value) => void (part.value = value)} choices={[["result", "Result"], ["chart", "Chart"], ["timeline", "Timeline"], ["ranks", "Ranks and bytes"], ["compare", "Compare"], ["output", "Printed"]]} />
      <div class="run-part"><Shows run={run} part={run.phase === "FAILED" || run.phase === "CANCELLED" ? "output" : part.value} /></div>
    </>
  );
}

function Shows({ run, part: which }: { run: Run; part: Part }) {
  if (which === "output") return <pre class="frame printed" tabIndex={0} aria-label="What the program printed">{run.printed || "Nothing was printed."}</pre>;
  if (!isOver(run)) return <Empty what={run.printed.split("\n").at(-2) ?? "…"} />;
  if (which === "result" || which === "chart") return <Tables run={run} show={(index, table) => (which === "result" ? <ResultRows key={`${run.number}/${index}`} run={run.id!} index={index} table={table} /> : <Chart key={`${run.number}/${index}`} run={run.id!} index={index} table={table} />)} />;
  if (which === "compare") return <CompareRuns run={run} />;
  if (!run.profile) return <Empty what="Plain Node has no ranks, so no profile." />;
  if (run.profile.executions.length === 0) return <Empty what="The program called no annotated function: nothing ran on the ranks." />;
  return which === "timeline" ? <TimelineView run={run.id!} profile={run.profile} /> : <RanksTable profile={run.profile} />;
}

function Tables({ run, show }: { run: Run; show(index: number, table: Run["tables"][number]): ComponentChildren }) {
  const [chosen, choose] = useState(0);
  const index = Math.min(chosen, run.tables.length - 1);
  const table = run.tables[index];
  if (!table) return <Empty what={noResult(run.program)} />;
  return (
    <div>
      {run.tables.length > 1 && <Choice label="Table" value={String(index)} onChange={(value) => choose(Number(value))} choices={run.tables.map((t, n) => [String(n), t.name] as const)} />}
      {show(index, table)}
    </div>
  );
}

/** Why a program that ended well has no rows to show. */
export function noResult(program: string): string {
  const exported = /\bexport\s+default\b|\bas\s+default\b/.test(program) ? "its default export is null or undefined" : "it has no default export";
  return `The program left no result: ${exported}, and it wrote no Parquet, Arrow, CSV, JSON Lines or Iceberg below its folder. Rows are shown here of \`export default await totals(path);\`; what it printed is under "Printed".`;
}

export const runView: View = { id: "run", title: "Run", Panel: RunPanel };
