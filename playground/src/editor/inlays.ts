/** At the end of a line: where its table's rows are, and which columns are computed. */
import { type EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import type { ManifestTable } from "../compile/protocol.ts";
import { kindOf, shortened } from "../state/tables.ts";
import { element } from "./dom.ts";

class Inlay extends WidgetType {
  readonly #kind: string;
  readonly #text: string;

  constructor(table: ManifestTable) {
    super();
    this.#kind = kindOf(table);
    this.#text = `${table.distribution} · ${table.columns.length > 0 ? shortened(table.columns, 4) : "no columns"}`;
  }

  override eq(other: Inlay): boolean {
    return other.#text === this.#text;
  }

  toDOM(): HTMLElement {
    return element("span", { className: "inlay", kind: this.#kind }, this.#text);
  }
}

const setTables = StateEffect.define<readonly ManifestTable[]>();

export const inlays = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    const told = transaction.effects.find((effect) => effect.is(setTables));
    return told ? decorate(transaction.state, told.value) : decorations.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Of several tables of a line the last: the one that leaves it. */
function decorate({ doc }: EditorState, tables: readonly ManifestTable[]): DecorationSet {
  const last = new Map(tables.filter((t) => t.line >= 1 && t.line <= doc.lines && t.distribution !== "").map((t) => [t.line, t]));
  return Decoration.set([...last.values()].map((t) => Decoration.widget({ widget: new Inlay(t), side: 1 }).range(doc.line(t.line).to)), true);
}

export const showTables = (tables: readonly ManifestTable[]): StateEffect<readonly ManifestTable[]> => setTables.of(tables);
