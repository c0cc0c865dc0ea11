/** Joins of which one side has few of the other's keys: its rows are left out where they are read. */
import { op } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

/** Keys that lie close, keys in ranges of the files, texts; through filters and derived columns. */
export async function fewPartners(tables: Tables, _out: string) {
  "use spmd";
  const rows = await large(tables);
  const few = rows.filter((d) => d.x < 0.01).select("key", "name").dedupe("key");
  const late = rows.filter((d) => d.id >= 150_000 && d.id < 150_040).select("id", "x").rename({ x: "late" });
  const named = rows.filter((d) => d.id < 12).select("name").dedupe();
  return [
    rows.join(few, "key").numRows(),
    rows.filter((d) => d.x > 0.2).derive({ y: (d) => d.x * 2 + 1 }).join(late, "id").objects(),
    rows.semijoin(named, "name").rollup({ n: op.count(), first: op.min("id"), sum: op.sum("key") }).objects(),
    few.join_left(rows.select("key", "id"), "key").groupby("key").count().slice(0, 20).objects(),
    rows.select("id", "key").join(few, "key").join(late, "id").objects(),
    rows.join_right(late, "id").slice(-3).objects(), late.join_full(few.derive({ id: (d) => d.key + 150_000 }), "id").numRows(), rows.antijoin(few, "key").numRows(),
  ];
}

/** Of which nothing is left, and keys with nulls, NaN and both zeros. */
export async function oddPartners(tables: Tables, _out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "value", "level", "serial", "at");
  const known = await stations(tables);
  const some = rows.filter((d) => d.id % 50 === 3);
  return [
    rows.join(known.filter((d) => d.height < 0), "station").numRows(), rows.join(known.filter((d) => d.height < 40), "station").objects(),
    rows.join(some.select("value", "id"), "value").objects(), rows.join(some.select("serial", "level"), "serial").objects(), rows.join(some.select("at"), "at").numRows(),
    some.join_left(rows.select("station", "level"), [["station", "level"], ["station", "level"]]).objects(), rows.semijoin(some, "value").numRows(),
  ];
}

/** More rows of one key than of all others, on both sides of the ranks' shares. */
export async function heavyKey(tables: Tables, _out: string) {
  "use spmd";
  const rows = (await large(tables)).derive({ key: (d) => (d.id % 10 ? 77 : d.key) });
  const other = (await large(tables)).filter((d) => d.id % 3 === 0 && (d.key !== 77 || d.id % 5 === 0)).select("key", "x");
  const joined = rows.select("id", "key", "name").join(other.dedupe("key"), "key");
  return [joined.numRows(), joined.slice(0, 5).objects(), joined.slice(-5).objects(), joined.groupby("name").count().slice(0, 10).objects(), rows.semijoin(other, "key").numRows(), rows.join_left(other.dedupe("key"), "key").numRows()];
}
