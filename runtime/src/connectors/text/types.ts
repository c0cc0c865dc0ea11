import { bool, float64, int64, string, timestamp, type ArrowType } from "../../tables/arrow-type.ts";
import type { Stored } from "../../tables/column.ts";
import type { View } from "../../tables/js-view.ts";
import { canonicalInteger } from "../../tables/infer.ts";

/** What a column of a text format can be, by the names of the reader's `types`. */
export type TextType = "boolean" | "number" | "date" | "string" | "bigint";

/** How the text of a type is read: `undefined` if the text is no value of it. */
export interface TextTypeRule {
  readonly type: ArrowType;
  readonly view: View;
  /** What a text has to be, in an error. */
  readonly described: string;
  readonly parse: (text: string) => Stored | undefined;
  /** Whether the value read is another than the text says. */
  readonly loses?: (text: string, value: Stored) => boolean;
}

/** The order in which a column's type is tried; "string" holds everything. */
export const inferenceOrder: readonly TextType[] = ["boolean", "number", "date", "string"];

const decimalLiteral = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Years of six digits have a sign, as JavaScript prints them; it has no year -0. */
const isoTime = /^(\d{4}|\+\d{6}|-(?!000000)\d{6})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?Z?)?$/;
/** What JavaScript prints of numbers besides. */
const special: Readonly<Record<string, number | undefined>> = { __proto__: null, NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity } as never;

export const textTypes: Readonly<Record<TextType, TextTypeRule>> = {
  boolean: { type: bool, view: "boolean", described: "true or false", parse: (text) => (text === "true" ? true : text === "false" ? false : undefined) },
  number: { type: float64, view: "number", described: "a number", parse: (text) => (decimalLiteral.test(text) ? Number(text) : special[text]), loses: losesDigits },
  date: { type: timestamp, view: "date", described: "a date such as 2024-01-31 or 2024-01-31T12:00:00Z", parse: parseTime },
  string: { type: string, view: "string", described: "a text", parse: (text) => text },
  bigint: { type: int64, view: "bigint", described: "an integer of 64 bits", parse: parseInteger },
};

/** `2024-01-31`, `2024-01-31T12:00:00`, with milliseconds, with Z; all UTC. Days that do not exist, or no Date can be, are no dates. */
function parseTime(text: string): number | undefined {
  const match = isoTime.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return undefined;
  const time = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + Number(match[7] ?? 0);
  return Number.isNaN(new Date(time).getTime()) ? undefined : time;
}

function parseInteger(text: string): number | bigint | undefined {
  if (!/^-?(?:0|[1-9]\d*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? canonicalInteger(value) : undefined;
}

/** An id past ±2^53. What JavaScript prints of a number is that number, also where its last digits are zeros in place of others. */
function losesDigits(text: string, value: Stored): boolean {
  if (text.length <= 15 || !/^-?\d+$/.test(text) || String(value) === text) return false;
  return !Number.isFinite(value) || BigInt(text) !== BigInt(value as number);
}
