/** The source editor. It lives in a shadow tree, where CodeMirror's styles need no inline `<style>`: the page's policy has none. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { effect, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { diagnostics, good, showsMain, tables } from "../state/compiled.ts";
import { goTo, pointed } from "../state/focus.ts";
import { active, edit, files } from "../state/workspace.ts";
import { marksOf } from "./diagnostics.ts";
import { schemaOnHover } from "./hover.ts";
import { inlays, showTables } from "./inlays.ts";
import { pointedLine, showPointed } from "./pointed.ts";
import { offsetOf } from "./positions.ts";
import { appearance } from "./theme.ts";

export function Editor() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => mountEditor(host.current!), []);
  return <div class="editor" ref={host} />;
}

function stateOf(path: string, text: string): EditorState {
  return EditorState.create({
    doc: text,
    extensions: [
      lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), drawSelection(), history(), indentOnInput(), bracketMatching(), closeBrackets(),
      autocompletion(), highlightSelectionMatches(), lintGutter(), javascript({ typescript: true }), appearance, inlays, pointedLine, schemaOnHover,
      // Tab is not bound: it leaves the editor, as everywhere on the page.
      // Ctrl Enter runs the program (shell/keys.ts); CodeMirror would insert a line.
      keymap.of([{ key: "Mod-Enter", run: () => true }, ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ "aria-label": `Source of ${path}`, spellcheck: "false", tabindex: "0" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) edit(path, update.state.doc.toString());
        if (update.docChanged || update.selectionSet || update.focusChanged) {
          const { head } = update.state.selection.main;
          if (update.view.hasFocus) pointed.value = { path, line: update.state.doc.lineAt(head).number, from: "editor" };
        }
      }),
    ],
  });
}

function mountEditor(host: HTMLElement): () => void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const view = new EditorView({ root, parent: root, state: stateOf("", "") });
  /** Undo and selection of the files that are not shown. */
  const kept = new Map<string, EditorState>();
  let shown = "";

  const stops = [
    effect(() => {
      const path = active.value;
      const text = files.value[path] ?? "";
      if (path !== shown) {
        if (shown !== "") kept.set(shown, view.state);
        for (const known of kept.keys()) if (!Object.hasOwn(files.value, known)) kept.delete(known);
        const before = kept.get(path);
        shown = path;
        view.setState(before?.doc.toString() === text ? before : stateOf(path, text));
        untracked(decorate);
      } else if (view.state.doc.toString() !== text) {
        view.dispatch({ changes: smallestChange(view.state.doc.toString(), text) });
      }
    }),
    effect(decorate),
    effect(() => {
      const place = pointed.value;
      view.dispatch({ effects: showPointed(place?.from === "view" && place.path === active.value ? place.line : null) });
    }),
    effect(() => {
      const place = goTo.value;
      if (place?.path !== active.value) return;
      const at = offsetOf(view.state.doc, place.line, place.column);
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    }),
  ];

  function decorate(): void {
    const path = active.value;
    const { state } = view;
    // Tables of an older text stay where the editor has moved them.
    const shows = !showsMain.value ? [showTables([])] : good.value?.source === state.doc.toString() ? [showTables(tables.value)] : [];
    view.dispatch(setDiagnostics(state, marksOf(path, state.doc, diagnostics.value)), { effects: shows });
  }

  return () => {
    for (const stop of stops) stop();
    view.destroy();
  };
}

/** What is equal at both ends stays: the caret and the decorations of the rest keep their places. */
function smallestChange(before: string, after: string): { from: number; to: number; insert: string } {
  let from = 0;
  while (from < before.length && before[from] === after[from]) from++;
  let end = 0;
  while (end < before.length - from && end < after.length - from && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
