/** The compiler's diagnostics in the editor: what, the chain of reasons, and the fix as a button. */
import type { Diagnostic as Marked } from "@codemirror/lint";
import type { EditorView } from "@codemirror/view";
import type { Text } from "@codemirror/state";
import type { Diagnostic } from "../compile/protocol.ts";
import { pathOf } from "../state/compiled.ts";
import { applyFix, hasEdits } from "../state/fixes.ts";
import { element } from "./dom.ts";
import { rangeOf } from "./positions.ts";

/** Those of `path`; one whose first place is in another file is marked where it names this one. */
export function marksOf(path: string, doc: Text, diagnostics: readonly Diagnostic[]): Marked[] {
  return diagnostics.flatMap((d) => {
    const place = d.locations.find((l) => pathOf(l.file) === path);
    if (!place) return [];
    const { from, to } = rangeOf(doc, place);
    return [{
      from,
      to: Math.max(to, Math.min(from + 1, doc.length)),
      severity: d.severity,
      message: d.message,
      renderMessage: () => explained(d),
      ...(hasEdits(d) && { actions: [{ name: `Fix: ${d.fix!.message}`, apply: (_: EditorView) => applyFix(d) }] }),
    }];
  });
}

function explained(d: Diagnostic): HTMLElement {
  const why = d.why.length > 0 ? element("ul", { className: "why-chain" }, ...d.why.map((reason) => element("li", {}, `because ${reason}`))) : null;
  const advice = d.fix && !hasEdits(d) ? element("div", { className: "why-chain" }, `To mend it: ${d.fix.message}`) : null;
  return element("div", {}, element("span", { className: "why-code" }, d.code), d.message, why, advice);
}
