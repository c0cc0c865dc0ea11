/** The line that a view points at. */
import { StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";

const setLine = StateEffect.define<number | null>();
const mark = Decoration.line({ class: "cm-pointed" });

export const pointedLine = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, { effects, state, changes }) {
    const told = effects.find((effect) => effect.is(setLine));
    if (!told) return decorations.map(changes);
    const line = told.value;
    return line === null || line < 1 || line > state.doc.lines ? Decoration.none : Decoration.set(mark.range(state.doc.line(line).from));
  },
  provide: (field) => EditorView.decorations.from(field),
});

export const showPointed = (line: number | null): StateEffect<number | null> => setLine.of(line);
