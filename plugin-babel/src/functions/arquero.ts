/** Functions of Arquero that there are not here, and what is written in their place. */

/** Aggregates whose value has members that no type says. */
export const otherAggregates: ReadonlyMap<string, string> = new Map([
  ...["object_agg", "map_agg", "entries_agg"].map((name): [string, string] => [
    name, "take the entries, op.array_agg((d) => ({ key: d.key, value: d.value })), and make the object of them where it is needed: Object.fromEntries(d.entries.map((e) => [e.key, e.value]))",
  ]),
]);

const unlike = (names: string, written: (name: string) => string): [string, string][] => names.split(" ").map((name) => [name, written(name)]);

/** In a row function JavaScript has them. */
export const inJavaScript: ReadonlyMap<string, string> = new Map([
  ...unlike("is_nan is_finite", (name) => `write Number.${name === "is_nan" ? "isNaN" : "isFinite"}(d.x)`),
  ...unlike("parse_int parse_float", (name) => `write Number.${name === "parse_int" ? "parseInt" : "parseFloat"}(d.text)`),
  ["parse_date", "write new Date(d.text)"],
  ["parse_json", "write JSON.parse(d.text)"],
  ["to_json", "write JSON.stringify(…)"],
  ["degrees", "write (d.x * 180) / Math.PI"],
  ["radians", "write (d.x * Math.PI) / 180"],
  ["random", "draw rows with sample(n, { seed }) or shuffle({ seed }): a row function is pure"],
  ["now", "take it before: const now = Date.now()"],
  ["equal", "write a === b; of two dates a.getTime() === b.getTime()"],
  ["recode", 'write a condition, d.x === "a" ? 1 : 2, or look it up: names.get(d.x) ?? d.x'],
  ["sequence", "write the array where it stands: [0, 1, 2]"],
  ["row_object", "write the object: ({ a: d.a, b: d.b })"],
  ["match", "write d.text.match(/…/)"],
  ["normalize", "write d.text.normalize()"],
  ...unlike("length", () => "write d.x.length"),
  ...Object.entries({ endswith: "endsWith", startswith: "startsWith", padend: "padEnd", padstart: "padStart", indexof: "indexOf", lastindexof: "lastIndexOf" }).map(([name, method]): [string, string] => [name, `write d.x.${method}(…)`]),
  ...unlike("repeat replace split substring slice includes concat join reverse", (name) => `write d.x.${name}(…)`),
  ["compact", "write d.list.filter((x) => x !== null)"],
  ["pluck", "write d.list.map((x) => x.name)"],
  ...unlike("has keys values entries", (name) => (name === "has" ? 'write "name" in d.x' : `write Object.${name}(d.x)`)),
  ["object", "write Object.fromEntries(…)"],
  ...Object.entries({ year: "FullYear", month: "Month", date: "Date", dayofweek: "Day", hours: "Hours", minutes: "Minutes", seconds: "Seconds", milliseconds: "Milliseconds" }).flatMap(([name, part]): [string, string][] => [
    [name, `write d.at.get${part}()`],
    [`utc${name}`, `write d.at.getUTC${part}()`],
  ]),
  ["timestamp", "write d.at.getTime()"],
  ["quarter", "write Math.floor(d.at.getMonth() / 3)"],
  ["utcquarter", "write Math.floor(d.at.getUTCMonth() / 3)"],
  ["datetime", "write new Date(year, month, day, …)"],
  ["utcdatetime", "write new Date(Date.UTC(year, month, day, …))"],
  ...unlike("format_date format_utcdate", () => "write d.at.toISOString(), and slice(0, 10) of it for the day"),
]);
