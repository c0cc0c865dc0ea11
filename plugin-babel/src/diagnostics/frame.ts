import { codeFrameColumns } from "@babel/code-frame";
import type { Diagnostic, DiagnosticLocation } from "./diagnostic.ts";

/** The primary place in its source, with two lines around it; empty when the source is not at hand. */
export function codeFrame({ locations: [place] }: Diagnostic, sources: ReadonlyMap<string, string>): string {
  const source = place && sources.get(place.file);
  if (!source) return "";
  const location = { start: { line: place.line, column: place.column }, end: { line: place.endLine, column: place.endColumn } };
  return codeFrameColumns(withoutPasswords(source), location, { linesAbove: 2, linesBelow: 2, message: place.label, highlightCode: false });
}

/** Sources in which the secrets that were found are hidden: one may stand beside another's place. */
export function withoutSecrets(sources: ReadonlyMap<string, string>, diagnostics: readonly Diagnostic[]): Map<string, string> {
  const shown = new Map(sources);
  for (const place of diagnostics.flatMap(({ locations }) => locations)) {
    const source = shown.get(place.file);
    if (place.secret && source !== undefined) shown.set(place.file, hidden(source, place));
  }
  return shown;
}

/** All but quotes and line breaks; where there is no quote a name stands. */
function hidden(source: string, { line, column, endLine, endColumn }: DiagnosticLocation): string {
  const lines = [0, ...Array.from(source.matchAll(/\r\n|[\n\r\u2028\u2029]/g), ({ index, 0: end }) => index + end.length)];
  const [start, end] = [lines[line - 1]! + column, lines[endLine - 1]! + endColumn];
  const text = source.slice(start, end);
  return /["'`]/.test(text) ? source.slice(0, start) + text.replace(/[^"'`\n\r\u2028\u2029]/g, "*") + source.slice(end) : source;
}

const hide = (_: string, before: string, password: string): string => before + password.replace(/[^\r\n]/g, "*");

/** Passwords of URLs and other texts, and what is called one, hidden by as many characters, so that all columns stay where they are. */
function withoutPasswords(source: string): string {
  // What a text of one line says of a place: `password=x`, `?sig=x`, `user:x@place`.
  const inText = (text: string): string => text.replace(/((?:pass|pwd|token|key|secret|sig)\w*\s*=\s*)([^\s&;"'`]+)/gi, hide).replace(/^(.[^\s/?@:]+:(?!\/\/))([^\s@]+)(?=@)/, hide);
  const keys = (text: string): string => text.replace(/(-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----)((?:(?!-----END)[^"'`])+)/g, hide);
  return keys(source).replace(/(:\/\/[^\s/?@:"'`]{0,512}:)([^\s?"'`]{1,2048})(?=@)/g, hide).replace(/(\bpass(?:word|phrase)["']?\s*:\s*["'`])([^"'`\n]+)/gi, hide).replace(/(["'`])(?:\\.|(?!\1)[^\\\n])*\1/g, inText);
}
