import { desc, op } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function ascending(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).select("id", "value").orderby("value").objects();
}

export async function descending(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).select("id", "value", "station").orderby(desc("value"), desc("station")).objects();
}

export async function stable(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).select("id", "ok").orderby("ok").objects();
}

export async function textByUtf16(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "label", "station");
  return [rows.orderby("label", "station").objects(), rows.orderby(desc("label")).objects()];
}

export async function computedKeys(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "at", "value");
  return [rows.orderby((d) => d.level % 3, desc((d) => d.at.getUTCHours()), "id").objects(), rows.orderby(desc((d) => Math.abs(d.value ?? NaN))).objects()];
}

export async function datesAndBig(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "at", "serial");
  return [rows.orderby("at").objects(), rows.orderby(desc("serial")).slice(0, 40).objects(), (await stations(tables)).orderby(desc("opened")).objects()];
}

export async function sortOfSorted(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).select("id", "level", "ok").orderby("level").orderby("ok").filter((d) => d.id % 2 === 1).objects();
}

export async function sortOfMany(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  const sorted = rows.orderby(desc("x"), "name");
  return [sorted.slice(0, 30).objects(), sorted.slice(99_990, 100_010).objects(), sorted.slice(-30).objects()];
}

export async function writtenOrdered(tables: Tables, out: string) {
  "use spmd";
  await (await large(tables)).orderby("name", desc("x")).derive({ y: (d) => d.x * 2 }).writeParquet(out);
}

/** Keys that are one value under two names, or stand there twice: the order is no less an order. */
export async function repeatedKeys(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "value", "ok").derive({ same: (d) => d.value });
  const sorted = rows.orderby("same", "value", "ok");
  await sorted.writeParquet(`${out}/ordered`);
  return [
    sorted.groupby("ok").rollup({ first: op.any("id") }).objects(),
    sorted.slice(150, 160).objects(),
    rows.orderby("value", desc("value"), "ok").dedupe("ok").objects(),
    rows.orderby("ok", "id", "ok").slice(-5).objects(),
    sorted.select("id").objects(),
  ];
}

/** Long texts with the same beginning; of all ids they would be 200 GB. */
export async function longTexts(tables: Tables) {
  "use spmd";
  const rows = (await large(tables)).select("id").filter((d) => d.id < 14).derive({ text: (d) => "x".repeat(1_000_000) + (d.id % 5) });
  const sorted = rows.orderby("text");
  return [sorted.select("id").objects(), sorted.slice(-1).derive({ end: (d) => d.text.slice(-2), length: (d) => d.text.length }).select("end", "length").objects()];
}
