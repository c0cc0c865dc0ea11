import { measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function utc(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    y: (d) => d.at.getUTCFullYear(), m: (d) => d.at.getUTCMonth(), day: (d) => d.at.getUTCDate(), wd: (d) => d.at.getUTCDay(), h: (d) => d.at.getUTCHours(), min: (d) => d.at.getUTCMinutes(), s: (d) => d.at.getUTCSeconds(), ms: (d) => d.at.getUTCMilliseconds(), time: (d) => d.at.getTime(),
    iso: (d) => d.at.toISOString(), json: (d) => d.at.toJSON(), tomorrow: (d) => new Date(d.at.getTime() + 86_400_000), midnight: (d) => new Date(Date.UTC(d.at.getUTCFullYear(), d.at.getUTCMonth(), d.at.getUTCDate())), before: (d) => d.at < new Date("1970-01-01"), diff: (d) => +d.at - Date.UTC(2000, 0, 1), parsed: (d) => new Date(d.at.toISOString().slice(0, 10)), bad: (d) => new Date(d.label), number: (d) => Date.parse(`${d.at.getUTCFullYear()}-01-01`),
  }).select("y", "m", "day", "wd", "h", "min", "s", "ms", "time", "iso", "json", "tomorrow", "midnight", "before", "diff", "parsed", "bad", "number").objects();
}

export async function days(tables: Tables) {
  "use spmd";
  const rows = await stations(tables);
  return [rows.derive({ iso: (d) => d.opened.toISOString(), next: (d) => new Date(d.opened.getTime() + 1), leap: (d) => d.opened.getUTCDate() === 29 }).objects(), rows.filter((d) => d.opened > new Date("2020-03-10")).numRows()];
}

/** Other zones: see oracle.test.ts. */
export async function localTime(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    y: (d) => d.at.getFullYear(), m: (d) => d.at.getMonth(), day: (d) => d.at.getDate(), wd: (d) => d.at.getDay(), h: (d) => d.at.getHours(), min: (d) => d.at.getMinutes(), s: (d) => d.at.getSeconds(), off: (d) => d.at.getTimezoneOffset(), made: (d) => new Date(d.at.getFullYear(), d.at.getMonth(), d.at.getDate()), parsed: (d) => new Date(`${d.at.toISOString().slice(0, 19)}`),
  }).select("y", "m", "day", "wd", "h", "min", "s", "off", "made", "parsed").objects();
}
