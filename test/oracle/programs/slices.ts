import { desc, op, readParquet, table } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function sliceForms(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id");
  return [
    rows.slice(0, 5).objects(), rows.slice(1498, 1503).objects(), rows.slice(-5).objects(), rows.slice(-8, -3).objects(), rows.slice(2000).objects(), rows.slice(5, 2).objects(),
    rows.slice(5000).objects(), rows.slice(-5000, 3).objects(), rows.slice(10, -1985).objects(), rows.slice().numRows(), rows.slice(1.7, 3.2).objects(), rows.slice(0, 0).numRows(),
  ];
}

/** Small samples and large ones, of groups with null keys, of fewer rows, of none; a seed that is computed. */
export async function samples(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "label");
  const none = rows.filter((d) => d.level > 99);
  const seed = rows.numRows() - 2000;
  await rows.sample(300, { seed }).select("label", "id").writeParquet(`${out}/ordered`, { order: "program" });
  return [
    rows.sample(20).objects(), rows.sample(500, { seed: -7 }).objects(), rows.sample(5000).select("id").objects(), rows.sample(40, { shuffle: false, seed: 2 ** 40 + 1 }).objects(), rows.sample(0).numRows(),
    rows.sample(200, { replace: true }).objects(), rows.sample(3000, { replace: true, shuffle: false, seed: 5 }).select("id").objects(), rows.sample(50, { replace: true }).numRows(),
    rows.groupby("station").sample(3).ungroup().objects(), rows.groupby("station", { odd: (d) => d.level % 2 }).sample(200, { shuffle: false, seed: 1 }).count().objects(),
    rows.groupby("label").sample(4, { replace: true, seed: 3 }).ungroup().objects(), rows.groupby("station").sample(2, { replace: true, shuffle: false }).rollup({ n: op.count(), first: op.first("id") }).objects(),
    rows.orderby(desc("level"), "id").sample(10).objects(), rows.filter((d) => d.level > 10).sample(5).select("id").objects(), none.sample(5).objects(), none.sample(5, { replace: true }).numRows(), none.groupby("label").sample(5, { replace: true }).count().objects(),
    rows.sample(30, { weight: "level" }).objects(), rows.sample(400, { weight: (d) => (d.id % 7 === 0 ? null : d.level / 3), seed: 4, shuffle: false }).objects(), rows.sample(5000, { weight: "level" }).select("id").objects(),
    rows.groupby("station").sample(3, { weight: "level", seed }).ungroup().objects(), rows.groupby({ odd: (d) => d.level % 2 }).sample(150, { weight: (d) => Math.abs(d.level), shuffle: false }).count().objects(), none.sample(3, { weight: "level" }).numRows(),
    rows.sample(1000).filter((d) => d.level > 0).groupby("level").count().objects(), rows.sample(100).sample(10, { seed: 4 }).objects(),
  ];
}

export async function countOfSample(tables: Tables) {
  "use spmd";
  const few = (await measurements(tables)).slice(0, 5);
  const groups = few.groupby({ n0: (d) => d.ok }, { n1: (d) => d.level > 0 }).rollup({ n2: op.min("level") });
  return groups.sample(53, { seed: -8, replace: true }).count().objects();
}

/** Of few rows on many ranks: some have none. */
export async function samplesOfFew(tables: Tables) {
  "use spmd";
  const groups = (await measurements(tables)).groupby("ok", { even: (d) => d.level % 2 === 0 }).rollup({ low: op.min("level") });
  const chosen = groups.sample(53, { seed: -8, replace: true });
  return [chosen.count().objects(), chosen.objects(), groups.sample(2).objects(), groups.derive({ place: op.row_number(), rows: op.count(), low: op.min("low") }).objects()];
}

/** Texts of no part, of empty ones, of many; the order of the parts, and a consumer that reads few rows. */
export async function unrolled(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "label", "level", "station");
  const parts = rows.derive({ text: (d) => `${d.label}|${d.level}|${d.id}` }).unroll({ part: (d) => d.text.split("|") }, { index: "place" });
  await parts.filter((d) => d.place > 0).orderby("part", "id").select("id", "part").writeParquet(`${out}/ordered`);
  return [
    parts.objects(), parts.numRows(), parts.slice(0, 1).objects(), parts.slice(-4, -1).objects(), parts.slice(1000, 1010).select("place").objects(),
    rows.unroll({ label: (d) => d.label.split(" ") }).objects(), rows.unroll({ piece: (d) => `${d.station ?? ""}-`.split("-") }, { limit: 2, drop: ["station", "label"] }).objects(),
    rows.orderby(desc("level"), "id").unroll({ s: (d) => d.label.split("s") }, { index: true }).select("id", "s", "index").objects(),
    parts.groupby("part").rollup({ n: op.count(), first: op.first("id") }).filter((d) => d.n > 20).objects(), parts.sample(10).objects(), parts.join(rows.unroll({ word: (d) => d.label.split(" ") }).select("id", "word"), "id").slice(100, 130).objects(),
    rows.filter((d) => d.level > 99).unroll({ x: (d) => d.label.split("x") }).objects(), rows.concat(rows.unroll({ label: (d) => d.label.split("a") })).slice(2000, 2020).objects(),
  ];
}

/** What tsc does not let through is converted as by `Array.slice`. */
export async function sliceByOthers(tables: Tables, _out: string, ...rest: unknown[]) {
  "use spmd";
  const rows = (await measurements(tables)).select("id").slice(0, 9);
  const [nothing] = rest;
  const odd = JSON.parse('["3", "x", null, {}, [], [4], true, "-2"]') as number[];
  const sizes: number[] = [rows.slice(nothing as number).numRows(), rows.slice(0, nothing as number).numRows()];
  for (const bound of odd) sizes.push(rows.slice(bound).numRows(), rows.slice(0, bound).numRows());
  return sizes;
}

export async function sliceOfOthers(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return [
    rows.filter((d) => d.level > 10).slice(3, 9).select("id", "level").objects(),
    rows.orderby(desc("level"), "id").slice(0, 10).select("id").objects(),
    rows.slice(100, 400).filter((d) => d.ok).slice(-4).select("id").objects(),
    rows.slice(100, 1700).slice(50, -50).slice(1, 4).select("id").objects(),
    rows.groupby("station").count().slice(2, 5).objects(),
    rows.slice(1490, 1510).groupby("ok").count().objects(),
    rows.slice(0, 3).join(await stations(tables), "station").objects(),
  ];
}

export async function concats(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label");
  const low = rows.filter((d) => d.level < -15);
  const high = rows.filter((d) => d.level > 15);
  const own = table({ id: [1, 2], level: [0.5, null], label: ["x", null] });
  return [
    low.concat(high).objects(), high.concat(low, high).slice(-3).objects(), rows.concat(rows).numRows(), low.concat(own as never).slice(-4).objects(),
    low.concat(high).orderby("id").slice(0, 10).objects(), low.concat(high).groupby("level").count().objects(), low.concat().numRows(), own.concat(low.slice(0, 2) as never).objects(),
  ];
}

export async function dedupes(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "value", "ok");
  return [
    rows.dedupe("station").objects(), rows.dedupe("level", "ok").objects(), rows.select("ok").dedupe().objects(), rows.dedupe("value").numRows(), rows.dedupe({ odd: (d) => d.id % 2 }).objects(),
    rows.orderby(desc("id")).dedupe("station").objects(), rows.dedupe().numRows(), rows.concat(rows).dedupe().numRows(), rows.dedupe("station").filter((d) => d.ok).numRows(),
  ];
}

export async function sliceOfMany(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  return [rows.slice(99_999, 100_003).objects(), rows.filter((d) => d.x > 0).slice(-5).objects(), rows.dedupe("name").objects(), rows.dedupe("key").slice(-10).objects(), rows.concat(rows).slice(199_998, 200_002).objects()];
}

export async function listOfFiles(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ id: number }>([`${tables.measurements}/c.parquet`, `${tables.measurements}/a.parquet`]);
  const matched = await readParquet<{ id: number }>(`${tables.measurements}/[ab].parquet`);
  return [rows.select("id").slice(500, 510).objects(), rows.numRows(), matched.numRows()];
}

/** Columns that JavaScript sees as one type and Arrow does not. */
export async function concatOfTypes(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "at").slice(0, 30);
  const own = (await stations(tables)).select({ height: "id", opened: "at" }).derive({ level: (d) => d.id / 4 }).select("id", "level", "at");
  const derived = own.derive({ at: (d) => new Date(d.at.getTime() + 1) });
  await rows.concat(own).writeParquet(`${out}/micros-ordered`, { order: "program" });
  await own.concat(derived).writeParquet(`${out}/millis-ordered`, { order: "program" });
  return rows.concat(own, derived).objects();
}

/** The first rows of each group: many rows of few groups, as many groups as rows, ties, keys and orders of several columns. */
export async function topOfGroups(tables: Tables, out: string) {
  "use spmd";
  const rows = await large(tables);
  const best = rows.orderby(desc("x"), "id").groupby("key").slice(0, 3).ungroup();
  await best.writeParquet(`${out}/best`);
  const measured = (await measurements(tables)).select("id", "station", "value", "level", "at", "label");
  return [
    best.numRows(), best.slice(0, 20).objects(), rows.groupby("name").slice(0, 2).ungroup().objects(), rows.orderby("name").groupby("key", "name").slice(0, 1).ungroup().slice(-5).objects(),
    rows.orderby(desc("x")).groupby("id").slice(0, 2).ungroup().slice(0, 3).objects(), rows.orderby("x").groupby("key").slice(1, 3).ungroup().rollup({ n: op.count(), x: op.sum("x") }).objects(),
    measured.orderby("value").groupby("station").slice(0, 2).ungroup().objects(), measured.orderby(desc("at")).groupby("level", "label").slice(0, 1).ungroup().objects(),
    measured.groupby({ third: (d) => d.id % 3 }).slice(0, 4).ungroup().objects(), measured.orderby("level").groupby("station").slice(0, 100).ungroup().select("id").objects(), measured.orderby(desc("label")).groupby("station").slice(-2).ungroup().objects(),
  ];
}
