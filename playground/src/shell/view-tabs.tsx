import { failure, stale } from "../state/compiled.ts";
import { openView } from "../state/view.ts";
import { views } from "../views/index.ts";

/** One tab is in the order of the Tab key, arrows go on: the pattern of ARIA for tabs. */
export function ViewTabs() {
  const index = Math.max(0, views.findIndex((view) => view.id === openView.value));
  const { id, Panel } = views[index]!;
  const move = (event: KeyboardEvent) => {
    const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: views.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = views[(to + views.length) % views.length]!;
    openView.value = next.id;
    document.getElementById(`tab-${next.id}`)?.focus();
  };
  return (
    <>
      <div class="view-tabs" role="tablist" aria-label="Views" onKeyDown={move}>
        {views.map((view) => {
          const badge = view.badge?.() ?? null;
          return (
            <button type="button" role="tab" id={`tab-${view.id}`} aria-selected={view.id === id} aria-controls="view" tabIndex={view.id === id ? 0 : -1} onClick={() => void (openView.value = view.id)}>
              {view.title}
              {badge !== null && <span class="badge">{badge}</span>}
            </button>
          );
        })}
      </div>
      {stale.value && id !== "diagnostics" && <p class="stale-note">{failure.value ?? "The program has errors: this is the last one that compiled."}</p>}
      <div class={stale.value && id !== "diagnostics" ? "view stale" : "view"} id="view" role="tabpanel" aria-labelledby={`tab-${id}`} data-view={id} tabIndex={0}>
        <Panel key={id} />
      </div>
    </>
  );
}
