import { badLine } from "../text/errors.ts";

/** A field: its text, or null for an empty field without quotes (`""` is the empty string). */
export type Field = string | null;

/** A record and the line it starts on, counted from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly Field[];
  /** Where its text is. */
  readonly from: number;
  readonly to: number;
}

/**
 * Parses RFC 4180: quotes, doubled quotes, line breaks inside quotes; LF or CRLF. LS2006.
 *
 * Blank lines are skipped, except that below the first line of a file of one column they are its nulls.
 */
export function* parseCsv(text: string, delimiter: string, file: string): Generator<CsvRecord> {
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let line = 1;
  let columns = 0;
  while (at < text.length) {
    const [start, from] = [line, at];
    const fields: Field[] = [];
    let more = true;
    while (more) {
      if (text[at] === '"') {
        const end = closingQuote(text, at + 1);
        if (end < 0) throw badLine(file, start, "a quoted field begins here and never ends");
        const quoted = text.slice(at + 1, end);
        line += count(quoted, "\n");
        fields.push(quoted.includes('"') ? quoted.replaceAll('""', '"') : quoted);
        at = end + 1;
        if (at < text.length && text[at] !== delimiter && !lineBreakAt(text, at)) {
          throw badLine(file, start, "a closing quote is followed by text: double the quotes inside a quoted field");
        }
      } else {
        let end = at;
        while (end < text.length && text[end] !== delimiter && !lineBreakAt(text, end)) end++;
        fields.push(end === at ? null : text.slice(at, end));
        at = end;
      }
      more = text[at] === delimiter;
      if (more) at++;
    }
    at += lineBreakAt(text, at);
    line++;
    if (fields.length === 1 && fields[0] === null && columns !== 1) continue;
    columns ||= fields.length;
    yield { line: start, fields, from, to: at };
  }
}

/** The length of the line break at a position: 1, 2, or 0 for none. A carriage return alone counts at the end only. */
function lineBreakAt(text: string, at: number): number {
  if (text[at] !== "\r") return text[at] === "\n" ? 1 : 0;
  return text[at + 1] === "\n" ? 2 : at + 1 === text.length ? 1 : 0;
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}

function count(text: string, character: string): number {
  let n = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) n++;
  return n;
}
