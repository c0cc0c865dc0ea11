/** Sources as they may be shown: secrets are hidden by as many characters, so that all columns stay where they are. */
import type { Diagnostic, DiagnosticLocation } from "../diagnostics/diagnostic.ts";
import { isSecretValue } from "./secrets.ts";

export interface Shown {
  readonly sources: ReadonlyMap<string, string>;
  /** A text that may quote a source. */
  hide(text: string): string;
}

/** `diagnostics`: which places are secret. One may stand beside another's place, or be quoted by another's message. */
export function shownOf(sources: ReadonlyMap<string, string>, diagnostics: readonly Diagnostic[]): Shown {
  const places = diagnostics.flatMap(({ locations }) => locations);
  // Of a program without mistakes nothing is shown.
  const shown = new Map(places.flatMap(({ file }) => (sources.has(file) ? [[file, withoutPasswords(sources.get(file)!)] as const] : [])));
  const found = new Set<string>();
  for (const place of places) {
    const source = sources.get(place.file);
    if (!place.secret || source === undefined) continue;
    const [start, end] = rangeOf(source, place);
    const text = source.slice(start, end);
    // Where there is no quote a name stands.
    if (!/["'`]/.test(text)) continue;
    for (const [, literal] of text.matchAll(/["'`]([^"'`]{4,})(?=["'`])/g)) found.add(literal!);
    const before = shown.get(place.file)!;
    shown.set(place.file, before.slice(0, start) + text.replace(/[^"'`\n\r\u2028\u2029]/g, "*") + before.slice(end));
  }
  const secrets = [...found].sort((a, b) => b.length - a.length);
  return { sources: shown, hide: (text) => withoutPasswords(secrets.reduce((rest, secret) => rest.replaceAll(secret, stars(secret)), text)) };
}

function rangeOf(source: string, { line, column, endLine, endColumn }: DiagnosticLocation): [start: number, end: number] {
  const lines = [0, ...Array.from(source.matchAll(/\r\n|[\n\r\u2028\u2029]/g), ({ index, 0: end }) => index + end.length)];
  return [lines[line - 1]! + column, lines[endLine - 1]! + endColumn];
}

const stars = (secret: string): string => secret.replace(/[^\r\n]/g, "*");
const hide = (_: string, before: string, secret: string): string => before + stars(secret);

/** Without passwords of URLs and other texts, keys, and what stands under a secret's name. */
function withoutPasswords(source: string): string {
  // What a text of one line says of a place: `password=x`, `?sig=x`, `user:x@place`.
  const inText = (text: string): string => text.replace(/((?:pass|pwd|token|key|secret|sig)\w*\s*=\s*)([^\s&;"'`]+)/gi, hide).replace(/^(.[^\s/?@:]+:(?!\/\/))([^\s@]+)(?=@)/, hide);
  const named = (all: string, before: string, name: string, secret: string): string => (isSecretValue(name, secret) ? before + stars(secret) : all);
  return source
    .replace(/(-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----)((?:(?!-----END)[^"'`])+)/g, hide)
    .replace(/(:\/\/[^\s/?@:"'`]{0,512}:)([^\s?"'`]{1,2048})(?=@)/g, hide)
    .replace(/(\bpass(?:word|phrase)["']?\s*:\s*["'`])([^"'`\n]+)/gi, hide)
    .replace(/((?<![\w$])([\w$-]{1,80})["']?\s*(?::|=(?!=))\s*["'`])([^"'`\n]+)(?=["'`])/g, named)
    .replace(/(["'`])(?:\\.|(?!\1)[^\\\n])*\1/g, inText);
}
