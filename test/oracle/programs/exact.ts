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

interface Wide { id: number; unsigned: number | null; signed: number | null; real: number; nano: Date; micro: Date; day: Date }

/** Keys of several types are equal where the numbers are, however large. */
export async function wideKeys(tables: Tables) {
  "use spmd";
  const rows = await readParquet<Wide>(tables.wide);
  const [unsigned, signed, real] = [rows.select("id", "unsigned"), rows.select({ id: "other", signed: "unsigned" }), rows.select({ id: "third", real: "unsigned" })];
  return [
    unsigned.join(signed, "unsigned").select("id", "other").orderby("id", "other").objects(),
    unsigned.join(real, "unsigned").select("id", "third").orderby("id", "third").objects(),
    signed.join(real, "unsigned").select("other", "third").orderby("other", "third").objects(),
    real.join(signed, "unsigned").select("other", "third").orderby("other", "third").objects(),
    unsigned.antijoin(signed, "unsigned").select("id").orderby("id").objects(),
    signed.semijoin(real, "unsigned").select("other").orderby("other").objects(),
    unsigned.join(unsigned.rename({ id: "twin" }), "unsigned").numRows(),
  ];
}

export async function instantsPastNanoseconds(tables: Tables, out: string) {
  "use spmd";
  const rows = await readParquet<Wide>(tables.wide);
  const [nano, micro, day] = [rows.select({ id: "id", nano: "at" }), rows.select({ id: "id", micro: "at" }), rows.select({ id: "id", day: "at" })];
  const late = micro.filter((d) => d.at.getUTCFullYear() > 1700 && d.at.getUTCFullYear() < 2200);
  await nano.concat(late).orderby("id", "at").writeParquet(`${out}/finer`);
  return [micro.concat(day).orderby("id", "at").objects(), nano.join(micro, "at").numRows(), nano.join(day, "at").numRows(), nano.antijoin(micro, "at").numRows()];
}

export async function microsecondsPastNanoseconds(tables: Tables) {
  "use spmd";
  const rows = await readParquet<Wide>(tables.wide);
  return rows.select({ id: "id", nano: "at" }).concat(rows.select({ id: "id", micro: "at" })).orderby("id", "at").objects();
}

export async function daysPastNanoseconds(tables: Tables) {
  "use spmd";
  const rows = await readParquet<Wide>(tables.wide);
  return rows.select({ id: "id", day: "at" }).union(rows.select({ id: "id", nano: "at" })).objects();
}

export async function unsignedSum(tables: Tables) {
  "use spmd";
  return (await readParquet<Wide>(tables.wide)).rollup({ sum: op.sum("unsigned") }).objects();
}

export async function unsignedRolling(tables: Tables) {
  "use spmd";
  return (await readParquet<Wide>(tables.wide)).orderby("id").derive({ sum: op.sum("unsigned") }).objects();
}

export async function unsignedBigint(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ id: number; unsigned: bigint | null }>(tables.wide, { types: { unsigned: "bigint" } });
  return rows.filter((d) => d.id % 5 < 2).select("unsigned").orderby("unsigned").objects();
}

export async function unsignedBigintTooLarge(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ id: number; unsigned: bigint | null }>(tables.wide, { types: { unsigned: "bigint" } });
  return rows.filter((d) => d.unsigned !== null && d.unsigned > 5n).numRows();
}

/** Integers of any width. */
export async function smallBigint(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ id: bigint }>(tables.wide, { types: { id: "bigint" } });
  return rows.filter((d) => d.id > 35n).select("id").derive({ twice: (d) => d.id * 2n }).orderby("id").objects();
}

export async function unsignedSeen(tables: Tables) {
  "use spmd";
  return (await readParquet<Wide>(tables.wide)).filter((d) => d.unsigned !== null && d.unsigned > 5).numRows();
}

export async function unsignedThrough(tables: Tables, out: string) {
  "use spmd";
  const rows = await readParquet<Wide>(tables.wide);
  await rows.orderby("unsigned").writeParquet(`${out}/ordered`);
  await rows.groupby("unsigned").rollup({ n: op.count(), top: op.max("signed") }).writeParquet(`${out}/groups`);
  return rows.orderby("unsigned", "id").select("id").objects();
}

export async function unsignedExtremes(tables: Tables) {
  "use spmd";
  return (await readParquet<Wide>(tables.wide)).rollup({ low: op.min("unsigned"), n: op.distinct("unsigned"), some: op.any("unsigned") }).objects();
}
