/**
 * Highlighted lines of code that is read, not edited. It is made anew at every keystroke, so lines are coloured one by one, as far as a
 * pattern sees: a parser takes 5 ms for what changes of 1,000 lines. An unchanged line is the same object.
 */

export interface Token {
  readonly text: string;
  readonly classes: string;
}

export interface HighlightedLine {
  readonly tokens: readonly Token[];
  /** What is open at its end. */
  readonly open: Open;
}

export interface Highlighted {
  readonly code: string;
  readonly lines: readonly HighlightedLine[];
  /** By what is open at its beginning and its text. */
  readonly known: ReadonlyMap<string, HighlightedLine>;
}

/** A comment or a template string over several lines is closed by it; "": nothing is open. */
type Open = "" | "*/" | "`";

export function highlighted(code: string, before: Highlighted | null): Highlighted {
  const known = new Map<string, HighlightedLine>();
  let open: Open = "";
  const lines = code.split("\n").map((text) => {
    const key = `${open}\n${text}`;
    const line = known.get(key) ?? before?.known.get(key) ?? lineOf(text, open);
    known.set(key, line);
    ({ open } = line);
    return line;
  });
  return { code, lines, known };
}

const TOKEN = new RegExp(
  [
    /(?<comment>\/\/.*|\/\*)/,
    /(?<template>`)/,
    /(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?<=(?:^|[(,=:[!&|?{};+>]|\breturn)\s*)\/(?![/*])(?:[^/\\[]|\\.|\[(?:[^\]\\]|\\.)*\])+\/[a-z]*)/,
    /(?<number>\b\d[\w.]*(?:(?<=\de)[+-]?\d+)?)/,
    /(?<word>[A-Za-z_$][\w$]*)/,
  ].map(({ source }) => source).join("|"),
  "g",
);

const keywords = new Set("as async await break case catch class const continue default delete do else enum export extends finally for from function if implements import in instanceof interface let new of return satisfies static switch this throw try type typeof var void while yield".split(" "));
const constants = new Set(["true", "false", "null", "undefined", "NaN", "Infinity"]);
const types = new Set(["number", "string", "boolean", "bigint", "unknown", "any", "never", "void"]);

function lineOf(text: string, begun: Open): HighlightedLine {
  const tokens: Token[] = [];
  let open = begun;
  let done = 0;
  const add = (end: number, classes: string) => {
    if (end > done) tokens.push({ text: text.slice(done, end), classes });
    done = end;
  };
  /** To the end of what is open, else of the line. */
  const close = (from: number, classes: string) => {
    const at = open === "`" ? text.slice(from).search(/(?<!\\)(?:\\\\)*`/) : text.slice(from).indexOf("*/");
    const end = at < 0 ? text.length : text.indexOf(open, from + at) + open.length;
    if (at >= 0) open = "";
    add(end, classes);
  };
  if (open !== "") close(0, open === "`" ? "tok-string2" : "tok-comment");
  TOKEN.lastIndex = done;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const { comment, template, string, number, word } = match.groups!;
    add(match.index, "");
    const end = match.index + match[0].length;
    if (template !== undefined || comment === "/*") {
      open = template === undefined ? "*/" : "`";
      close(end, template === undefined ? "tok-comment" : "tok-string2");
    } else if (comment !== undefined) add(end, "tok-comment");
    else if (string !== undefined) add(end, text[end] === ":" ? "tok-propertyName" : "tok-string");
    else if (number !== undefined) add(end, "tok-number");
    else add(end, classOf(word!, text.slice(Math.max(0, match.index - 16), match.index), text[end]));
    TOKEN.lastIndex = done;
  }
  add(text.length, "");
  return { tokens, open };
}

function classOf(word: string, before: string, after: string | undefined): string {
  if (/(?<!\.\.)\.$/.test(before)) return "tok-propertyName";
  if (after === ":") return "tok-propertyName";
  if (/\b(const|let|var|function|class)\s+$/.test(before)) return "tok-variableName tok-definition";
  if (/(: |<|\b(as|extends|interface|type|new) )$/.test(before) && (/^[A-Z]/.test(word) || types.has(word))) return "tok-typeName";
  if (constants.has(word)) return "tok-bool";
  return keywords.has(word) ? "tok-keyword" : "";
}
