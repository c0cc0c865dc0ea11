import fs, { statSync } from "fs";
import { readFile } from "node:fs/promises";
import { platform } from "node:process";
import { op, rank, readParquet, size, type Table } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Measurement } from "../rows.ts";
import type { Tables } from "../data.ts";

function above(rows: Table<Measurement>, least: number): Table<Measurement> {
  return rows.filter((d) => d.level > least);
}

export async function whileLoop(tables: Tables) {
  "use spmd";
  let rows = await measurements(tables);
  let least = -20;
  const sizes: number[] = [];
  while (rows.numRows() > 100) {
    least += 5;
    rows = above(rows, least);
    sizes.push(rows.numRows());
  }
  return { sizes, least, first: rows.get("id") };
}

export async function forLoop(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  let all = rows.filter(() => false);
  for (let i = 0; i < 4; i++) {
    if (i === 2) continue;
    all = all.concat(rows.filter((d) => d.id % 50 === i));
  }
  return all.select("id").objects();
}

/** Rank 0's values, by whatever name. */
export async function ofRank0(tables: Tables) {
  "use spmd";
  const { existsSync: isThere } = fs;
  const { env } = process;
  const n = (await measurements(tables)).numRows();
  const text = (await readFile(tables.notes, "utf8")).split("\r\n").length;
  return { n, text, platform, there: isThere(tables.notes), size: statSync(tables.notes).size, none: env.LOCKSTEP_NOT_SET ?? null, all: Object.keys(process.env).length > 0, late: process.hrtime.bigint() > 0n && new Date().getTime() > 0 };
}

/** What varies stands beside the tables; what is returned is rank 0's. */
export async function ranks(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  let note = "others";
  if (rank() === 0) note = "first";
  for (let i = 0; i < rank(); i++) note += ".";
  const n = rows.numRows();
  return { n, rank: rank(), note, inRange: rank() < size(), shares: Math.ceil(n / size()) * size() >= n };
}

export async function earlyReturn(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  if (rows.filter((d) => d.level > 100).numRows() === 0) return "none";
  return rows.objects();
}

export async function caught(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  let message = "";
  try {
    rows.derive({ x: (d) => d.station!.trim() }).numRows();
    message = "not thrown";
    message += rows.derive({ x: (d) => d.station!.trim() }).filter((d) => d.x === "a").numRows();
  } catch (error) {
    message = (error as Error).message;
  } finally {
    message += "!";
  }
  return [message, rows.numRows()];
}

export async function missingFile(tables: Tables) {
  "use spmd";
  let rows = await readParquet<{ id: number }>(tables.measurements);
  try {
    rows = await readParquet<{ id: number }>(`${tables.measurements}/absent.parquet`);
  } catch {
    rows = rows.filter((d) => d.id < 3);
  }
  return rows.numRows();
}

/** One joined table, three uses. */
export async function sharedJoin(tables: Tables, out: string) {
  "use spmd";
  const joined = (await measurements(tables)).join(await stations(tables), "station").derive({ tall: (d) => d.height > 150 });
  const byName = joined.groupby("name").rollup({ n: op.count(), mean: op.mean("level") });
  const byHeight = joined.groupby("tall").rollup({ n: op.count(), sum: op.sum("level") });
  await joined.select("id", "name", "tall").writeParquet(`${out}/joined`);
  return [byName.objects(), byHeight.objects(), joined.numRows()];
}

export async function severalTables(tables: Tables) {
  "use spmd";
  const [rows, known] = await Promise.all([measurements(tables), stations(tables)]);
  const high = known.filter((d) => d.height > 300);
  const low = known.filter((d) => d.height <= 300);
  const parts = [];
  for (const which of ["high", "low"]) {
    const part = which === "high" ? high : low;
    parts.push(rows.join(part, "station").groupby("station").count().orderby("station").objects());
  }
  return parts;
}

/** A number is adjusted until the share of rows above it is small. */
export async function converge(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  let low = 0;
  let high = 1;
  for (let i = 0; i < 12; i++) {
    const middle = (low + high) / 2;
    const share = rows.filter((d) => d.x > middle).numRows() / rows.numRows();
    if (share > 0.3) low = middle;
    else high = middle;
  }
  return [low, high];
}

export async function nestedCall(tables: Tables) {
  "use spmd";
  return [await earlyReturn(tables), await forLoop(tables)];
}

export async function captured(tables: Tables) {
  "use spmd";
  let limit = 5;
  const rows = await measurements(tables);
  const some = rows.filter((d) => d.level > limit);
  limit = 100;
  return [some.numRows(), rows.filter((d) => d.level > limit).numRows()];
}

/** What an earlier plan has kept, with its order, is joined with itself and sorted again. */
export async function keptAndUsedAgain(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "ok").slice(0, 200);
  let joined = rows.join(rows.filter((d) => d.id % 4 === 0), "level");
  const sizes: number[] = [];
  for (let i = 0; i < 3; i++) {
    joined = joined.slice(3, -2);
    sizes.push(joined.numRows());
  }
  const sorted = joined.orderby("ok_1", "id_2");
  const n = sorted.numRows();
  return [sizes, n, sorted.groupby("level").rollup({ any: op.any("id_1") }).objects(), joined.join_left(joined.slice(0, 20).select("id_1"), "id_1").slice(0, 40).objects()];
}
