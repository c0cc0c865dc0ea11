/** Strings that the files have as codes, and comparisons of what is stored: dates, decimals, narrow integers. */
import { desc, op, readParquet } from "@lockstep/runtime";
import { measurements, stations } from "../open.ts";
import type { Measurement } from "../rows.ts";
import type { Tables } from "../data.ts";

interface Stored {
  id: number;
  cents: number;
  small: number;
  day: Date;
  later: Date;
}

interface StoredNulls {
  id: number;
  cents: number | null;
  day: Date | null;
  small: number | null;
}

/** Filters that look at codes, of which some are of null; what they leave is grouped, sorted, joined, shown. */
export async function filtered(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const some = rows.filter((d) => d.station === "s1" || d.label === "ﬀ" || d.label.includes("a"));
  return [
    rows.filter((d) => d.station === null).select("id", "station", "label").objects(),
    rows.filter((d) => d.station !== null && d.station > "s2").groupby("station").count().orderby(desc("station")).objects(),
    rows.filter((d) => d.label.trim().length > 1 && d.level > 3).select("label", "id").orderby("label", desc("id")).slice(0, 50).objects(),
    rows.filter((d) => ["", "Straße"].includes(d.label)).groupby("label", "station").rollup({ n: op.count(), top: op.max("value"), mean: op.mean("level") }).objects(),
    rows.filter((d) => d.label === "nowhere").numRows(),
    some.groupby("label").count().orderby("label").objects(),
    some.select("id", "station").join_left((await stations(tables)).select("station", "height"), "station").orderby("id", "height").objects(),
    rows.filter((d) => (d.station ?? "none").endsWith("e") || d.ok).groupby("ok", "label").count().orderby("ok", "label").objects(),
  ];
}

/** A condition that throws of an entry is asked of the rows: they may not have it. */
export async function throwing(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.filter((d) => d.station !== null).filter((d) => d.station!.charCodeAt(1) > 49 && d.label.length < 8).select("id", "station", "label").objects();
}

export async function throwsOfNull(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).filter((d) => d.station!.endsWith("1")).select("id").objects();
}

/** Both ways round, at the edges, and between columns. */
export async function compared(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows
    .derive({ cents: (d) => d.level, small: (d) => d.level, day: (d) => d.at, later: (d) => new Date(d.at.getTime() + (d.id % 3) * 43_200_000 - 43_200_000) })
    .select("id", "cents", "small", "day", "later", "value")
    .writeParquet(`${out}/stored`, { types: { cents: "decimal128(12, 2)", small: "int16", day: "date32", later: "date32" } });
  const stored = await readParquet<Stored>(`${out}/stored`);
  const at: Date = (await rows.select("at").slice(700, 701).objects())[0]!.at;
  const midnight: Date = new Date(Math.floor(at.getTime() / 86_400_000) * 86_400_000);
  const counts = [
    stored.filter((d) => d.day < at).numRows(), stored.filter((d) => d.day <= midnight).numRows(), stored.filter((d) => midnight < d.day).numRows(), stored.filter((d) => d.day >= midnight && d.day < at).numRows(),
    stored.filter((d) => d.day < d.later).numRows(), stored.filter((d) => d.day <= d.later && d.later > d.day).numRows(), stored.filter((d) => d.later >= d.day && d.id > 5).numRows(),
    stored.filter((d) => d.cents >= 2.5 && d.cents < 7).numRows(), stored.filter((d) => d.cents === 3 || 4.005 > d.cents).numRows(), stored.filter((d) => d.cents > Infinity || d.cents <= -0).numRows(),
    stored.filter((d) => d.small > 2.5 && 7 >= d.small && d.small !== 4).numRows(), stored.filter((d) => d.small > NaN).numRows(), stored.filter((d) => d.day < new Date(NaN)).numRows(),
    rows.filter((d) => d.at >= at).numRows(), rows.filter((d) => d.at < midnight || d.at > at).numRows(), rows.filter((d) => at <= d.at && d.at <= new Date(at.getTime() + 86_400_000)).numRows(),
  ];
  return [counts, stored.filter((d) => d.cents > 1).rollup({ sum: op.sum("cents"), mean: op.mean("cents"), least: op.min("cents") }).objects()];
}

/** Stored days and decimals of which some are null: to an ordering null is 0. */
export async function nulls(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows
    .derive({ cents: (d) => (d.id % 3 ? d.level - 5 : null), day: (d) => (d.id % 4 ? d.at : null), small: (d) => (d.id % 5 ? d.id % 100 : null) })
    .select("id", "cents", "day", "small")
    .writeParquet(`${out}/nulls`, { types: { cents: "decimal128(15, 1)", day: "date32", small: "int8" } });
  const stored = await readParquet<StoredNulls>(`${out}/nulls`);
  return [
    stored.filter((d) => d.cents! < 1).numRows(), stored.filter((d) => d.cents! >= 0).numRows(), stored.filter((d) => d.cents === 0).numRows(), stored.filter((d) => d.cents !== null && d.cents! < 1).numRows(),
    stored.filter((d) => d.small! < 50).numRows(), stored.filter((d) => d.small! > 0 && d.small! < 50).numRows(), stored.filter((d) => d.day! < new Date(0)).numRows(), stored.filter((d) => d.day! <= new Date(0)).numRows(),
    stored.filter((d) => d.day! > new Date(-1) && d.day! < new Date(1)).numRows(),
  ];
}

/** Groups of codes alone, in the files' and in the table's order. */
export async function grouped(tables: Tables) {
  "use spmd";
  const rows = await readParquet<Measurement>(tables.measurements, { types: { serial: "bigint" } });
  return [
    rows.groupby("label").rollup({ n: op.count(), sum: op.sum("level"), high: op.max("value") }).objects(),
    rows.groupby("station", "label").rollup({ mean: op.mean("level"), valid: op.valid("value") }).orderby("label", desc("station")).objects(),
    (await readParquet<Measurement>(tables.nothing, { types: { serial: "bigint" } })).groupby("label").count().objects(),
    rows.filter((d) => d.id < 0).groupby("label").count().objects(),
  ];
}
