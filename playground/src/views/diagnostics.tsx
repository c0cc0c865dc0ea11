import { useEffect, useState } from "preact/hooks";
import type { Diagnostic } from "../compile/protocol.ts";
import { diagnostics, pathOf } from "../state/compiled.ts";
import { applyFix, hasEdits } from "../state/fixes.ts";
import { ofLine, reveal } from "../state/focus.ts";
import { Empty } from "./empty.tsx";
import type { View } from "./view.ts";

const pages = import.meta.glob("../../../plugin-babel/docs/diagnostics/LS*.md", { query: "?raw", import: "default" }) as Record<string, () => Promise<string>>;
const kinds = { "user-error": "a mistake", "not-parallelisable": "cannot be parallelised", "not-supported": "not supported yet", bug: "a bug of Lockstep" };

/** Reports of a program that has thousands of mistakes. */
const MOST = 100;

/** Several places may have the same mistake. */
const keyOf = (d: Diagnostic): string => `${d.code} ${d.message} ${d.locations[0]?.line}:${d.locations[0]?.column}`;

function Diagnostics() {
  if (diagnostics.value.length === 0) return <Empty what="Nothing to report: the program compiles." />;
  const more = diagnostics.value.length - MOST;
  return (
    <div class="page">
      {diagnostics.value.slice(0, MOST).map((d) => <Report key={keyOf(d)} d={d} />)}
      {more > 0 && <p class="note">and {more} more, which stand in the editor</p>}
    </div>
  );
}

function Report({ d }: { d: Diagnostic }) {
  const [place] = d.locations;
  return (
    <article class={`diagnostic ${d.severity}`} {...(place ? ofLine(place.line, place.file) : {})}>
      <h2><span class="code-name">{d.code}</span> {d.message}</h2>
      <p class="note">
        {d.severity}, {kinds[d.kind]}
        {d.locations.map((l) => (
          <button type="button" class="link" onClick={() => reveal(pathOf(l.file), l.line, l.column)}>{l.file}:{l.line}:{l.column + 1}<span class="sr-only"> {l.label}</span></button>
        ))}
      </p>
      <pre class="frame" tabIndex={0} aria-label={`Source lines of ${d.code}`}>{d.frame}</pre>
      {d.why.length > 0 && <ul class="why">{d.why.map((reason) => <li>because {reason}</li>)}</ul>}
      {d.fix && <p class="fix">{hasEdits(d) ? <button type="button" class="primary" onClick={() => applyFix(d)}>Fix: {d.fix.message}</button> : <>To mend it: {d.fix.message}</>}</p>}
      <Page code={d.code} />
    </article>
  );
}

/** The page of the catalogue, where somebody wants it. */
function Page({ code }: { code: string }) {
  const load = Object.entries(pages).find(([path]) => path.endsWith(`/${code}.md`))?.[1];
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  useEffect(() => {
    if (open && load) void load().then(setText);
  }, [open, load]);
  return load ? (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What {code} means</summary>
      <pre class="frame" tabIndex={0} aria-label={`Page of ${code}`}>{text}</pre>
    </details>
  ) : null;
}

export const diagnosticsView: View = { id: "diagnostics", title: "Diagnostics", badge: () => diagnostics.value.length || null, Panel: Diagnostics };
