import { not, op, readParquet, startswith } from "@lockstep/runtime";
import type { Tables } from "../data.ts";

export async function otherOrder(tables: Tables) {
  "use spmd";
  return (await readParquet<{ level: number; id: number }>(tables.measurements)).filter((d) => d.id < 5).objects();
}

export async function fewer(tables: Tables) {
  "use spmd";
  return (await readParquet<{ id: number }>(tables.measurements)).orderby("id").slice(0, 3).objects();
}

export async function written(tables: Tables, out: string) {
  "use spmd";
  await (await readParquet<{ id: number; station: string | null }>(tables.measurements)).derive({ x: (d) => d.id + 1 }).writeParquet(out);
}

export async function distinctRows(tables: Tables) {
  "use spmd";
  return (await readParquet<{ ok: boolean }>(tables.measurements)).dedupe().numRows();
}

/** A column that the interface leaves out is one of all but some. */
export async function allButSome(tables: Tables) {
  "use spmd";
  return (await readParquet<{ id: number; level: number }>(tables.measurements)).select(not("id")).orderby("level").objects();
}

/** What groups is seen, whatever is read of it. */
export async function groupsLike(tables: Tables) {
  "use spmd";
  return (await readParquet<{ id: number; level: number }>(tables.measurements)).groupby(startswith("l")).rollup({ n: op.count() }).numRows();
}

export async function clashInJoin(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ station: string | null }>(tables.measurements);
  const stations = (await readParquet<{ station: string | null; name: string }>(tables.stations)).select("station", { name: "label" });
  return rows.join(stations, "station").groupby("label").rollup({ n: op.count() }).objects();
}

export async function clashInRename(tables: Tables) {
  "use spmd";
  return (await readParquet<{ id: number }>(tables.measurements)).rename({ id: "ok" }).select("ok").numRows();
}

export async function caught(tables: Tables) {
  "use spmd";
  try {
    const rows = await readParquet<{ id: number }>(tables.measurements);
    return rows.objects();
  } catch {
    return (await readParquet<{ level: number }>(tables.measurements)).numRows();
  }
}
