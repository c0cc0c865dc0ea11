/** Methods of Date, `Date.UTC`, `Date.parse` and the constructor. Local getters use rank 0's time zone on every rank. */
import { constructor, method, number, oneOf, optional, rest, staticFunction, string, type ScalarFunction } from "./scalar-function.ts";

const fields = ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"] as const;
const described: Record<(typeof fields)[number], string> = {
  FullYear: "year",
  Month: "month, 0–11",
  Date: "day of the month, 1–31",
  Day: "day of the week, 0 is Sunday",
  Hours: "hour, 0–23",
  Minutes: "minute, 0–59",
  Seconds: "second, 0–59",
  Milliseconds: "millisecond, 0–999",
};
const getter = (name: string, docs: string) => method("date", name, [], "number", docs);

export const dates: readonly ScalarFunction[] = [
  getter("getTime", "milliseconds since 1970-01-01T00:00Z"),
  ...fields.map((field) => getter(`getUTC${field}`, `${described[field]}, in UTC`)),
  ...fields.map((field) => getter(`get${field}`, `${described[field]}, in the local time zone`)),
  getter("getTimezoneOffset", "minutes from local time to UTC"),
  method("date", "toISOString", [], "string", "2026-11-23T17:00:00.000Z; throws on an invalid date", { fallible: true }),
  method("date", "toJSON", [], "string", "as toISOString, null for an invalid date", { mayBeUndefined: true }),
  staticFunction("Date.UTC", [number, rest(number)], "number", "time value of a date given in UTC: year, month (0–11), day, hours, minutes, seconds, milliseconds"),
  staticFunction("Date.parse", [string], "number", "time value of a text, NaN if it is no date"),
  constructor("Date", [oneOf("number", "string", "date"), optional(number), rest(number)], "date", "from a time value, a text or a date; or from year, month, … in local time"),
];
