/** Options of the caller in row functions: values, lists, look-ups by key, Maps made of a table's rows, patterns. */
import { op } from "@lockstep/runtime";
import { measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

interface Options { since?: Date; stations?: (string | null)[]; weights?: Record<string, number> }

async function chosen(tables: Tables, options: Options) {
  let rows = await measurements(tables);
  if (options.since) rows = rows.filter((d) => d.at !== null && d.at >= options.since!);
  if (options.stations?.length) rows = rows.filter((d) => options.stations!.includes(d.station));
  const { weights = {} } = options;
  const word = /^[a-z]+$/i;
  const known = (await stations(tables)).objects({ limit: 6 });
  const places = new Map(known.map((k, i) => [k.station, i]));
  const scored = rows.derive({
    weight: (d) => weights[d.station ?? ""] ?? 1,
    place: (d) => places.get(d.station) ?? -1,
    word: (d) => word.test(d.label ?? ""),
    title: (d) => (d.label ?? "").split(" ").map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(" "),
    parts: (d) => (d.label ?? "").split("-").filter((p) => p !== "").length,
  });
  return [
    scored.groupby("word", "place").rollup({ n: op.count(), total: op.sum((d) => d.level * d.weight) }).objects(),
    scored.select("id", "title", "parts").objects({ limit: 40 }),
  ];
}

export async function byNothing(tables: Tables) {
  "use spmd";
  return chosen(tables, {});
}

export async function byAll(tables: Tables) {
  "use spmd";
  return chosen(tables, { since: new Date(0), stations: ["b", null, "a", "zz"], weights: { a: 2.5, b: 0.5 } });
}

/** An optional argument that is not given is undefined, which no column holds. */
export async function notGiven(tables: Tables, options: { level?: number; label?: string | null } = {}) {
  "use spmd";
  const rows = await measurements(tables);
  const nothing: number | undefined = undefined as number | undefined;
  const { level, label = null } = options;
  return [
    rows.filter((d) => d.value === nothing).numRows(), rows.filter((d) => d.value !== nothing).numRows(), rows.filter((d) => d.value == nothing).numRows(), rows.filter((d) => d.level === level).numRows(),
    rows.filter((d) => d.station === label).numRows(), rows.filter((d) => d.station !== label).numRows(), rows.filter((d) => [nothing, 1.5].includes(d.value ?? undefined)).numRows(), rows.filter((d) => level === undefined || d.level > level).numRows(),
  ];
}

/** `!` where the value is missing all the same: operators convert undefined, each in its way. */
export async function wronglyAsserted(tables: Tables, given: { factor?: number; since?: Date; label?: string; empty?: number | null } = {}) {
  "use spmd";
  const rows = await measurements(tables);
  const { factor, label, empty = null } = given;
  const made = rows.derive({
    product: (d) => d.level * factor!,
    negative: (d) => -factor!,
    sum: (d) => d.level + empty!,
    later: (d) => d.level > factor! || d.level <= factor!,
    above: (d) => d.level >= empty!,
    text: (d) => d.level + label! + `${factor!}`,
    greatest: (d) => Math.max(d.level, factor!),
    fixed: (d) => d.level.toFixed(factor!),
    starts: (d) => `undefined ${d.level}`.startsWith(label!),
    before: (d) => String(d.level) < label! || String(d.level) >= label!,
    equal: (d) => d.value === factor! || d.value === empty!,
    instead: (d) => factor! ?? 7,
    guarded: (d) => (factor === undefined ? d.level : d.level * factor!),
    old: (d) => d.at !== null && d.at < given.since!,
  });
  return made.select("product", "negative", "sum", "later", "above", "text", "greatest", "fixed", "starts", "before", "equal", "instead", "guarded", "old").objects();
}
