import { desc, op, readParquet } from "@lockstep/runtime";
import { measurements } from "../open.ts";
import type { Tables } from "../data.ts";

export async function bigThroughAll(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "serial", "at", "level");
  const joined = rows.join(rows.filter((d) => d.level > 5).select("serial"), "serial");
  await joined.orderby(desc("serial")).writeParquet(`${out}/ordered`);
  await rows.groupby("serial").rollup({ n: op.count(), at: op.max("at"), low: op.min("serial") }).writeParquet(`${out}/groups`);
  return [joined.orderby("serial").objects(), rows.rollup({ low: op.min("serial"), high: op.max("serial") }).objects(), rows.filter((d) => d.serial > 9_007_199_254_742_000n).numRows()];
}

/** Not opened as bigint, and never looked at. */
export async function unseen(tables: Tables, out: string) {
  "use spmd";
  const rows = await readParquet<{ id: number; serial: number; level: number }>(tables.measurements);
  await rows.select("id", "serial").orderby(desc("id")).writeParquet(`${out}/ordered`);
  await rows.groupby("level").rollup({ top: op.max("serial"), n: op.count() }).writeParquet(`${out}/top`);
  return rows.orderby(desc("serial")).select("id").slice(0, 5).objects();
}

export async function tooLarge(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ id: number; serial: number }>(tables.measurements);
  return rows.filter((d) => d.serial > 5).numRows();
}

export async function tooLargeObserved(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ id: number; serial: number }>(tables.measurements);
  return rows.select("serial").slice(1400, 1402).objects();
}

export async function microseconds(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "at").filter((d) => d.at.getUTCHours() < 12);
  await rows.orderby("at").writeParquet(`${out}/ordered`);
}
