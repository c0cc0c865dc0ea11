/** How the programs open the tables of data.ts: helpers of another module, compiled into each of their callers. */
import { readParquet, type Table } from "@lockstep/runtime";
import type { Tables } from "./data.ts";
import type { Large, Measurement, Post, Station } from "./rows.ts";

export async function measurements(tables: Tables): Promise<Table<Measurement>> {
  return readParquet<Measurement>(tables.measurements, { types: { serial: "bigint" } });
}

export async function stations(tables: Tables): Promise<Table<Station>> {
  return readParquet<Station>(tables.stations);
}

export async function large(tables: Tables): Promise<Table<Large>> {
  return readParquet<Large>(tables.large);
}

export async function posts(tables: Tables): Promise<Table<Post>> {
  const rows = await readParquet<Post>(tables.posts, { types: { serials: "bigint[]" } });
  return rows.select("id", "kind", "tags", "scores", "levels", "serials", "days", "times", "flags", "prices", "text");
}
