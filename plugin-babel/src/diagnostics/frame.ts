import { codeFrameColumns } from "@babel/code-frame";
import type { Diagnostic } from "./diagnostic.ts";
import { inlinedSecret } from "./inlined-secret.ts";

/** The primary place in its source, with two lines around it; empty when the source is not at hand. */
export function codeFrame({ code, locations: [place] }: Diagnostic, sources: ReadonlyMap<string, string>): string {
  const source = place && sources.get(place.file);
  if (!source) return "";
  const location = { start: { line: place.line, column: place.column }, end: { line: place.endLine, column: place.endColumn } };
  const shown = withoutPasswords(source).split("\n");
  // A secret that is put together of several texts, none of which looks like one.
  if (code === inlinedSecret.page.code) shown[place.line - 1] = shown[place.line - 1]!.replace(/(\+\s*["'`])([^"'`]+)(?=["'`])/g, hide);
  return codeFrameColumns(shown.join("\n"), location, { linesAbove: 2, linesBelow: 2, message: place.label, highlightCode: false });
}

const hide = (_: string, before: string, password: string): string => before + "*".repeat(password.length);

/** Passwords of URLs and other texts, and what is called one, hidden by as many characters, so that all columns stay where they are. */
function withoutPasswords(source: string): string {
  // What a text of one line says of a place: `password=x`, `?sig=x`, `user:x@place`.
  const inText = (text: string): string => text.replace(/((?:pass|pwd|token|key|secret|sig)\w*\s*=\s*)([^\s&;"'`]+)/gi, hide).replace(/^(.[^\s/?@:]+:(?!\/\/))([^\s@]+)(?=@)/, hide);
  const keys = (text: string): string => text.replace(/(-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----)([^"'`\n]+)/g, hide);
  return keys(source).replace(/(:\/\/[^\s/?@:"'`]*:)([^\s?"'`]+)(?=@)/g, hide).replace(/(\bpass(?:word|phrase)["']?\s*:\s*["'`])([^"'`\n]+)/gi, hide).replace(/(["'`])(?:\\.|(?!\1)[^\\\n])*\1/g, inText);
}
