import { desc, table, type Table } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Measurement } from "../rows.ts";
import type { Tables } from "../data.ts";

/** Rows with null and Dates in them. */
async function whole(tables: Tables): Promise<Table<Pick<Measurement, "station" | "level" | "ok" | "at" | "value">>> {
  return (await measurements(tables)).select("station", "level", "ok", "at", "value");
}

export async function unions(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("station", "level", "ok");
  const low = rows.filter((d) => d.level < -15);
  const high = rows.filter((d) => d.level > 15);
  const none = rows.filter((d) => d.level > 1e9);
  return [
    low.union(high).objects(), low.union().numRows(), rows.union(rows).numRows(), rows.union(low, high, none).slice(-5).objects(), none.union(none).objects(), none.union(low).objects(),
    rows.orderby(desc("level"), "station").union(low).slice(0, 10).objects(), rows.union(high).groupby("ok").count().objects(), rows.select("ok").union(table({ ok: [null, true] })).objects(),
  ];
}

export async function intersections(tables: Tables) {
  "use spmd";
  const rows = await whole(tables);
  const low = rows.filter((d) => d.level < 0);
  const odd = rows.filter((d) => d.ok);
  const none = rows.filter((d) => d.level > 1e9);
  return [
    low.intersect(odd).objects(), rows.select("station").intersect((await stations(tables)).select("station")).objects(), rows.select("ok").intersect(rows.select("ok")).objects(),
    low.intersect(odd, none).numRows(), low.intersect(none).objects(), none.intersect(low).objects(), rows.intersect(rows).numRows(), rows.select("value").intersect(rows.select("value")).numRows(),
    rows.orderby(desc("level"), "station").intersect(odd).slice(0, 10).objects(), low.intersect(odd).groupby("station").count().orderby("station").objects(),
  ];
}

export async function differences(tables: Tables) {
  "use spmd";
  const rows = await whole(tables);
  const low = rows.filter((d) => d.level < 0);
  const odd = rows.filter((d) => d.ok);
  const none = rows.filter((d) => d.level > 1e9);
  return [
    low.except(odd).objects(), rows.select("station").except((await stations(tables)).select("station")).objects(), rows.select("ok").except(rows.select("ok")).objects(),
    low.except(odd, none).numRows(), low.except(none).numRows(), none.except(low).objects(), rows.except(rows).objects(), rows.select("value").except(rows.select("value")).objects(),
    rows.except(low).except(odd).orderby(desc("level")).slice(0, 10).objects(), low.except(odd).union(odd.except(low)).numRows(),
  ];
}

export async function setsOfMany(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  const some = rows.filter((d) => d.x > 0.5).select("key", "name");
  const others = rows.filter((d) => d.x < 0.6).select("key", "name");
  return [some.union(others).numRows(), some.intersect(others).numRows(), some.except(others).slice(-20).objects(), others.except(some).slice(0, 20).objects()];
}

/** All rows of no columns are the same. */
export async function setsOfNothing(tables: Tables) {
  "use spmd";
  const rows = (await whole(tables)).select();
  const none = (await whole(tables)).filter((d) => d.level > 1e9).select();
  return [
    rows.except(rows).objects(), rows.except(none).objects(), rows.except(none, rows).objects(), none.except(rows).objects(), rows.intersect(rows).objects(), rows.intersect(none).objects(),
    rows.intersect(none, rows).numRows(), rows.union(none).numRows(), none.union(none).objects(), none.dedupe().numRows(), rows.dedupe().objects(), rows.rollup({}).except(none.rollup({})).objects(),
  ];
}
