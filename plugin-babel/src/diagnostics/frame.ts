import { codeFrameColumns } from "@babel/code-frame";
import type { Diagnostic } from "./diagnostic.ts";

/** The primary place in its source, with two lines around it; empty when the source is not at hand. */
export function codeFrame({ locations: [place] }: Diagnostic, sources: ReadonlyMap<string, string>): string {
  const source = place && sources.get(place.file);
  if (!source) return "";
  const location = { start: { line: place.line, column: place.column }, end: { line: place.endLine, column: place.endColumn } };
  return codeFrameColumns(withoutPasswords(source), location, { linesAbove: 2, linesBelow: 2, message: place.label, highlightCode: false });
}

/** Passwords of URLs and other texts, and what is called one, hidden by as many characters, so that all columns stay where they are. */
function withoutPasswords(source: string): string {
  const hide = (_: string, before: string, password: string): string => before + "*".repeat(password.length);
  // What a text of one line says of a place: `password=x`, `?sig=x`, `user:x@place`.
  const inText = (text: string): string => text.replace(/((?:pass|pwd|token|key|secret|sig)\w*\s*=\s*)([^\s&;"'`]+)/gi, hide).replace(/^(.[^\s/?@:]+:(?!\/\/))([^\s@]+)(?=@)/, hide);
  return source.replace(/(:\/\/[^\s/?@:"'`]*:)([^\s?"'`]+)(?=@)/g, hide).replace(/(\bpass(?:word|phrase)["']?\s*:\s*["'`])([^"'`\n]+)/gi, hide).replace(/(["'`])(?:\\.|(?!\1)[^\\\n])*\1/g, inText);
}
