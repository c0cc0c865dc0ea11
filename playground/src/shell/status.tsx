import { answers, diagnostics, failure, milliseconds, pending, result, shownFile, stale } from "../state/compiled.ts";

/** What the compiler is at, below the editor. */
export function Status() {
  const errors = diagnostics.value.filter((d) => d.severity === "error").length;
  const warnings = diagnostics.value.length - errors;
  const state = failure.value ? "failed" : errors > 0 ? "errors" : warnings > 0 ? "warnings" : "fine";
  const counts = [errors > 0 ? `${errors} ${errors === 1 ? "error" : "errors"}` : "", warnings > 0 ? `${warnings} ${warnings === 1 ? "warning" : "warnings"}` : ""].filter(Boolean);
  return (
    <div class={`status ${state}`} role="status" data-answers={answers.value} data-pending={pending.value ? "" : undefined}>
      <span class="dot" aria-hidden="true" />
      {failure.value ?? (result.value ? `${counts.join(", ") || "compiles"}${stale.value ? "; the views show the last program that compiled" : ""}` : "compiling")}
      <span class="spring" />
      <span class="note">{shownFile.value} · {milliseconds.value.toFixed(1)} ms</span>
    </div>
  );
}
