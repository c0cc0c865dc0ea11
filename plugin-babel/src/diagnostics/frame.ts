import { codeFrameColumns } from "@babel/code-frame";
import type { Diagnostic } from "./diagnostic.ts";

/** The primary place in its source, with two lines around it; empty when the source is not at hand. */
export function codeFrame({ locations: [place] }: Diagnostic, sources: ReadonlyMap<string, string>): string {
  const source = place && sources.get(place.file);
  if (!source) return "";
  const location = { start: { line: place.line, column: place.column }, end: { line: place.endLine, column: place.endColumn } };
  return codeFrameColumns(source, location, { linesAbove: 2, linesBelow: 2, message: place.label, highlightCode: false });
}
