/** One-click fixes: a diagnostic's edits, done to the workspace's files. */
import type { Diagnostic } from "../compile/protocol.ts";
import { pathOf } from "./compiled.ts";
import { edit, files } from "./workspace.ts";

export const hasEdits = (d: Diagnostic): boolean => (d.fix?.edits.length ?? 0) > 0;

export function applyFix(d: Diagnostic): void {
  const byFile = Map.groupBy(d.fix?.edits ?? [], (e) => pathOf(e.file));
  for (const [path, edits] of byFile) {
    const text = files.value[path];
    if (text === undefined) continue;
    const starts = lineStarts(text);
    const at = (line: number, column: number) => Math.min((starts[line - 1] ?? text.length) + column, text.length);
    // From the end, so that the places of the others stay right.
    const placed = edits.map((e) => ({ from: at(e.line, e.column), to: at(e.endLine, e.endColumn), text: e.text })).sort((a, b) => b.from - a.from);
    edit(path, placed.reduce((whole, e) => whole.slice(0, e.from) + e.text + whole.slice(e.to), text));
  }
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
}
