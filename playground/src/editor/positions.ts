/** Lines and columns of the compiler ↔ offsets of the editor. Both count UTF-16 code units. */
import type { Text } from "@codemirror/state";

/** The compiler may speak of a text that the editor has moved on from: what is past the end is at the end. */
export function offsetOf(doc: Text, line: number, column: number): number {
  if (line < 1) return 0;
  if (line > doc.lines) return doc.length;
  const { from, to } = doc.line(line);
  return Math.min(from + column, to);
}

export function rangeOf(doc: Text, span: { line: number; column: number; endLine: number; endColumn: number }): { from: number; to: number } {
  const from = offsetOf(doc, span.line, span.column);
  return { from, to: Math.max(from, offsetOf(doc, span.endLine, span.endColumn)) };
}
