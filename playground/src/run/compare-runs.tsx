/** Two runs beside each other: 1 rank against 4, before and after an edit. */
import { useState } from "preact/hooks";
import { diffLines } from "../views/diff.ts";
import { busyOf, peakOf, type Profile, secondsOf, sentOf } from "./profile.ts";
import { nameOf, type Run, runs } from "./runs.ts";
import { bytes, milliseconds } from "./units.ts";

export function CompareRuns({ run }: { run: Run }) {
  const others = runs.value.filter((other) => other.number !== run.number && other.phase === "SUCCEEDED");
  const [chosen, choose] = useState<number | null>(null);
  const other = others.find((o) => o.number === chosen) ?? others.findLast((o) => o.profile !== null) ?? others.at(-1);
  if (!other) return <p class="empty">There is no other run yet: change the program or the ranks, and run again.</p>;
  return (
    <div>
      <div class="toolbar">
        <label>compare {nameOf(run)} with <select value={String(other.number)} onChange={(event) => choose(Number(event.currentTarget.value))}>{others.map((o) => <option value={String(o.number)}>{nameOf(o)}</option>)}</select></label>
      </div>
      <Figures run={run} other={other} />
      <Edits before={other.number < run.number ? other : run} after={other.number < run.number ? run : other} />
    </div>
  );
}

function Figures({ run, other }: { run: Run; other: Run }) {
  const ofProfile = (of: (profile: Profile) => number) => (r: Run) => (r.profile ? of(r.profile) : null);
  const all = (of: (profile: Profile, rank: number) => number) => (profile: Profile) => Array.from({ length: profile.ranks }, (_, rank) => of(profile, rank)).reduce((a, b) => a + b, 0);
  const figures: { name: string; of: (r: Run) => number | null; shown: (value: number) => string }[] = [
    { name: "from start to end", of: (r) => r.seconds * 1000, shown: milliseconds },
    { name: "in plans", of: ofProfile((p) => secondsOf(p) * 1000), shown: milliseconds },
    { name: "busy, all ranks", of: ofProfile(all(busyOf)), shown: milliseconds },
    { name: "exchanged", of: ofProfile(sentOf), shown: bytes },
    { name: "peak memory, all ranks", of: ofProfile(all(peakOf)), shown: bytes },
  ];
  return (
    <table class="tables">
      <thead><tr><th scope="col">Figure</th><th scope="col">{nameOf(run)}</th><th scope="col">{nameOf(other)}</th><th scope="col">ratio</th></tr></thead>
      <tbody>
        {figures.map(({ name, of, shown }) => {
          const [a, b] = [of(run), of(other)];
          return <tr><th scope="row">{name}</th><td>{a === null ? "–" : shown(a)}</td><td>{b === null ? "–" : shown(b)}</td><td>{a === null || b === null || b === 0 ? "–" : `${(a / b).toFixed(2)} ×`}</td></tr>;
        })}
      </tbody>
    </table>
  );
}

function Edits({ before, after }: { before: Run; after: Run }) {
  if (before.program === after.program) return <p class="note">The program is the same in both.</p>;
  return (
    <pre class="code ir" tabIndex={0} role="region" aria-label="What was edited between the runs">
      {diffLines(before.program, after.program).filter((line) => line.kind !== "same").map(({ kind, pieces }) => (
        <code class={`ir-line ir-${kind}`}>{kind === "added" ? "+ " : "− "}{pieces.map((piece) => piece.text)}{"\n"}</code>
      ))}
    </pre>
  );
}
