import { badLine, notUtf8, orSkip } from "../text/errors.ts";

/** A line, counted from 1, and the values of its keys. */
export interface JsonLine {
  readonly line: number;
  readonly values: ReadonlyMap<string, unknown>;
  /** Where bad lines are tolerated; a text keeps all of its file. */
  readonly text?: string;
  /** Why it is no object, where that is tolerated. */
  readonly wrong?: string;
}

/** A number by its digits: one that is wanted with all of them, or an integer that may have more than a number holds. */
export class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** As it stands in its line. */
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.text);
  }
}

/** The objects of a text, one a line; blank lines are skipped. `exact`: keys whose numbers keep their digits. LS2006, unless lines may be left out: of those it is known which are `notText`, not UTF-8. */
export function parseLines(text: string, file: string, exact: ReadonlySet<string>, notText?: ReadonlySet<number>): JsonLine[] {
  // Of elements it is not known here in which column they are.
  const isExact = (holder: unknown, key: string): boolean => exact.has(key) || (exact.size > 0 && Array.isArray(holder));
  function keepDigits(this: unknown, key: string, value: unknown, context?: { readonly source?: string }): unknown {
    return typeof value === "number" && (isExact(this, key) || /^-?\d{16,}$/.test(context!.source!)) ? new Digits(context!.source!) : value;
  }
  return text.split("\n").flatMap((content, index): JsonLine[] => {
    if (/^[ \t\r]*$/.test(content)) return [];
    if (notText?.has(index + 1)) return [{ line: index + 1, values: new Map(), text: content, wrong: notUtf8 }];
    // With a reviver it takes several times as long.
    const object = parse(content, exact.size > 0 || /\d{16}/.test(content) ? keepDigits : undefined);
    if (typeof object === "string") {
      if (!notText) throw badLine(file, index + 1, object, orSkip);
      // What exactly is wrong with it this parser and the ranks' say in other words.
      return [{ line: index + 1, values: new Map(), text: content, wrong: object.replace(/^no JSON: .*/s, "no JSON object") }];
    }
    return [{ line: index + 1, ...(notText && { text: content }), values: new Map(Object.entries(object).map(([key, value]) => [key.toWellFormed(), value as unknown])) }];
  });
}

/** A text: what is wrong with it. */
function parse(content: string, reviver: Parameters<typeof JSON.parse>[1]): object | string {
  let value: unknown;
  try {
    value = JSON.parse(content, reviver);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `no JSON: ${error.message.replace(/ \(line 1 column \d+\)/, "")}`;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Digits)) return value;
  const found = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "string" ? "a text" : typeof value === "boolean" ? "a boolean" : "a number";
  return `${found}, where an object is expected`;
}
