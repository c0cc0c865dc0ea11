import { desc, op, table } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function inner(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).select("id", "station", "value").join(await stations(tables), "station").objects();
}

export async function left(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).select("id", "station").join_left(await stations(tables), "station").objects();
}

export async function leftDerived(tables: Tables) {
  "use spmd";
  const joined = (await measurements(tables)).select("id", "station").join_left(await stations(tables), "station");
  return joined.derive({ tall: (d) => (d.height ?? -1) > 100, opened: (d) => d.opened?.getUTCDate() ?? 0 }).objects();
}

export async function semiAnti(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station");
  const known = (await stations(tables)).filter((d) => d.height < 200);
  return [rows.semijoin(known, "station").objects(), rows.antijoin(known, "station").objects(), known.antijoin(rows).objects(), known.semijoin(rows).numRows()];
}

export async function stationsFirst(tables: Tables) {
  "use spmd";
  return (await stations(tables)).join((await measurements(tables)).select("station", "id"), "station").objects();
}

export async function severalKeys(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "ok");
  const bonus = table({ level: [1, 2, 2, 3, null, -4], ok: [true, false, false, null, true, false], bonus: [10, 20, 21, 30, 40, 50] });
  return [
    rows.join(bonus, [["level", "ok"], ["level", "ok"]]).objects(),
    rows.join_left(bonus).numRows(),
    rows.join(bonus, [["ok", "level"], ["ok", "level"]]).numRows(),
    rows.antijoin(bonus, [["level", "ok"], ["level", "ok"]]).numRows(),
  ];
}

/** Every kind of join by a condition: with a key in it, without, of nulls, of no rows on either side. */
export async function conditions(tables: Tables, _out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "value", "level", "at");
  const known = (await stations(tables)).select("station", "name", "height", "opened");
  const few = rows.slice(0, 150);
  const none = known.filter((d) => d.height < 0);
  const limit = 120;
  return [
    rows.join(known, (a, b) => a.station === b.station && a.level * 10 < b.height).objects(),
    rows.join(known, (a, b) => a.level * 10 === b.height && b.name !== a.station).objects(),
    rows.join_left(known, (a, b) => a.level * 10 === b.height && a.value! > limit && b.name !== "x").objects(),
    rows.join_right(known, (a, { height, name }) => height === a.level * 10 && name.length + a.level < 12).objects(),
    rows.join_full(known, (a, b) => a.level * 10 === b.height && a.id % 3 === 0).objects(),
    few.join(known, (a, b) => a.at > b.opened && a.level > b.height / 20).objects(),
    few.join_left(known, (a, b) => a.level > b.height / 20).objects(),
    known.join_left(few, (a, b) => b.level > a.height / 20).objects(),
    few.join_right(known, (a, b) => a.level > b.height / 20).objects(),
    few.join_full(known, (a, b) => a.level > b.height / 10 + 15).objects(),
    rows.semijoin(known, (a, b) => a.level > b.height / 20 && a.station !== b.station).objects(),
    rows.antijoin(known, (a, b) => a.level > b.height / 20).objects(),
    known.semijoin(rows, (a, b) => a.station === b.station && b.level > 18).objects(),
    known.antijoin(rows, (a, b) => a.station === b.station && b.level > 18).objects(),
    rows.join(none, (a, b) => a.level < b.height).numRows(), few.join_left(none, (a, b) => a.level < b.height).objects(), few.join_full(none, (a, b) => a.level < b.height).numRows(), few.antijoin(none, (a, b) => a.level < b.height).numRows(),
    none.join_right(few, (a, b) => a.height < b.level).objects(), none.join_full(few, (a, b) => a.height < b.level).numRows(), none.semijoin(few, (a, b) => a.height < b.level).numRows(),
    few.select("id").join(few.select("id"), (a, b) => a.id < b.id && b.id - a.id < 3).slice(0, 40).objects(),
    few.join(few, (a, b) => a.value === b.value && a.id !== b.id).select("id_1", "id_2", "value_1").objects(),
    few.join(known, () => true).numRows(), few.join_left(known, (a) => a.level > 18).objects(), few.join_full(none, () => true).numRows(), few.semijoin(known, () => true).numRows(), few.antijoin(none, () => true).numRows(), few.join(known, (a, b) => b.height > 300).numRows(),
    few.cross(known).filter((d) => d.level > 19).numRows(), few.join(known, (a, b) => a.station === b.station).join(known.select("name", "height"), (a, b) => a.height > b.height && b.height < 20).numRows(),
  ];
}

/** Ties, nulls and NaN in `on` and in keys, units that differ, no rows on either side; with keys and without. */
export async function asOf(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "value", "at", "label");
  const known = (await stations(tables)).select("station", "name", "opened", "height");
  const none = known.filter((d) => d.height < 0);
  const hours = 5;
  const readings = rows.filter((d) => d.id % 3 > 0).select("id", "level", "value", "at", "label").rename({ id: "other" });
  const near = rows.join_asof(readings, { on: "at", by: "label", strategy: "nearest", tolerance: { days: 300, hours } });
  await near.select("id", "other", "value_2").writeParquet(`${out}/near`);
  await rows.join_asof(readings, { on: "value", strategy: "forward" }).orderby("id").writeParquet(`${out}/ordered`);
  return [
    rows.join_asof(readings, { on: "at", by: "level" }).objects(),
    rows.join_asof(readings, { on: "value", by: "label" }).select("id", "other", "value", "level_2").objects(),
    rows.join_asof(readings, { on: "value", strategy: "forward", by: [["label", (d) => d.level > 0], ["label", (d) => d.level > 2]] }).select("id", "other").objects(),
    rows.join_asof(readings, { on: "value", strategy: "nearest" }).select("id", "other").objects(),
    rows.join_asof(readings, { on: "level", strategy: "nearest", tolerance: 1 }).select("id", "other", "at_2").objects(),
    rows.join_asof(readings, { on: "level", strategy: "forward", tolerance: 0 }).select("id", "other").objects(),
    rows.join_asof(known, { on: ["at", "opened"] }).select("id", "name", "opened").objects(),
    rows.join_asof(known, { on: ["at", "opened"], by: "station", strategy: "forward" }).select("id", "name", "station", "height").objects(),
    rows.join_asof(known, { on: ["level", "height"], strategy: "nearest" }).select("id", "name", "station_2").objects(),
    rows.orderby("label", "id").join_asof(readings.orderby(desc("value")), { on: "level" }).select("id", "other").slice(0, 300).objects(),
    rows.join_asof(none, { on: ["level", "height"] }).select("id", "name").slice(0, 5).objects(), none.join_asof(rows, { on: ["height", "level"], by: "station" }).objects(),
    rows.join_asof(readings, { on: "at", by: "label" }).filter((d) => d.level_1 > 18).numRows(), rows.join_asof(readings, { on: "at" }).groupby("other").count().numRows(),
  ];
}

/** Of equal values the distance is 0, of infinite ones, too. */
export async function asOfInfinities(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level").slice(0, 90).derive({ x: (d) => (d.level > 12 ? Infinity : d.level < -12 ? -Infinity : d.level) });
  const others = rows.filter((d) => d.id % 4 > 0).rename({ id: "other" }).select("other", "x");
  const finite = others.filter((d) => d.x > -9 && d.x < 9);
  return [
    rows.join_asof(others, { on: "x", strategy: "nearest" }).objects(), rows.join_asof(others, { on: "x", tolerance: 2 }).objects(), rows.join_asof(others, { on: "x", strategy: "forward", tolerance: Infinity }).objects(),
    rows.join_asof(others, { on: "x", strategy: "nearest", tolerance: 0 }).objects(), rows.join_asof(finite, { on: "x", strategy: "nearest" }).objects(), rows.join_asof(finite, { on: "x", tolerance: 5 }).objects(),
  ];
}

export async function clashingNames(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label").slice(0, 300);
  const other = rows.derive({ label: (d) => d.label.trim() });
  return [rows.join(other, "level").objects(), rows.join_left(other, ["id", "level"]).objects()];
}

export async function expressionKeys(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "at", "level");
  const years = table({ year: [1970, 1971, 1999, 2024, 2024], what: ["a", "b", "c", "d", "e"] });
  return [
    rows.join(years, [(d) => d.at.getUTCFullYear(), "year"]).objects(),
    rows.join(years, [[(d) => d.at.getUTCFullYear(), (d) => d.level > 0], [(d) => d.year, (d) => d.what < "e"]]).objects(),
    rows.semijoin(years, [(d) => d.at.getUTCFullYear(), (d) => d.year + 1]).numRows(),
  ];
}

export async function floatKeys(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "value");
  const values = table({ value: [0, -0, NaN, null, 1.5], tag: ["zero", "minus", "nan", "null", "one"] });
  return [rows.join(values, "value").objects(), rows.antijoin(values, "value").numRows()];
}

export async function dateKeys(tables: Tables) {
  "use spmd";
  const rows = await stations(tables);
  const days = table({ opened: [new Date("2020-02-29"), new Date("2020-03-01"), null], note: ["leap", "march", "none"] });
  return rows.join(days, "opened").objects();
}

export async function emptySides(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("station", "id");
  const none = (await stations(tables)).filter((d) => d.height < 0);
  return [rows.join(none, "station").objects(), rows.join_left(none, "station").slice(0, 50).objects(), none.join_left(rows, "station").objects(), rows.semijoin(none, "station").numRows(), rows.antijoin(none, "station").numRows()];
}

export async function selfJoin(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("station", "level");
  const means = rows.groupby("station").rollup({ mean: op.mean("level") });
  return rows.join(means, "station").derive({ off: (d) => d.level - d.mean }).filter((d) => d.off > 15).objects();
}

export async function manyToMany(tables: Tables) {
  "use spmd";
  const rows = (await large(tables)).filter((d) => d.key < 40);
  const few = (await large(tables)).filter((d) => d.id < 2000).select("key", "name");
  const joined = rows.join(few, "key");
  return [joined.numRows(), joined.rollup({ n: op.count(), sum: op.sum("x"), names: op.distinct("name_2") }).objects(), joined.slice(500, 540).objects()];
}

/** A join with a small table under one total: ranks but 0 read none of it, and still have to send. */
export async function joinUnderTotal(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level");
  const none = rows.filter((d) => d.id < 0);
  return [
    rows.dedupe("level").join(rows.select("level"), "level").count().objects(),
    rows.groupby("level").count().join(rows, "level").rollup({ n: op.count(), most: op.max("count"), ids: op.sum("id") }).objects(),
    none.dedupe("id", "level").join(none.select("id"), "id").count().objects(),
    none.groupby("id").count().join(rows.select("id"), "id").count().objects(),
  ];
}

export async function right(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level");
  const known = await stations(tables);
  const few = table({ level: [3, 3, 99, null, NaN], tag: ["a", "b", "c", "d", "e"] });
  return [
    rows.join_right(known, "station").objects(),
    known.join_right(rows, "station").slice(-300).objects(),
    rows.join_right(few, "level").objects(),
    few.join_right(rows, "level").numRows(),
    rows.join_right(few, [(d) => d.level + 96, "level"]).derive({ known: (d) => d.id ?? -1 }).objects(),
    rows.filter((d) => d.id < 0).join_right(known, "station").select("name", "id").objects(),
  ];
}

export async function full(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level").filter((d) => d.id % 3 === 0);
  const known = await stations(tables);
  const few = table({ level: [3, 3, 99, null, NaN], tag: ["a", "b", "c", "d", "e"], id: [6, 7, 8, 9, 10] });
  const both = rows.join_full(known, "station");
  return [
    both.objects(),
    known.join_full(rows, "station").slice(0, 50).objects(),
    rows.join_full(few, "level").objects(),
    rows.join_full(few, [["level", "id"], ["level", "id"]]).slice(-20).objects(),
    rows.join_full(few, [(d) => d.level, (d) => d.level]).slice(-20).objects(),
    both.filter((d) => d.name === null || (d.height ?? 0) > 300).groupby("station").rollup({ n: op.count(), ids: op.sum("id") }).objects(),
    both.filter((d) => d.id === null).numRows(),
    rows.filter((d) => d.id < 0).join_full(known.slice(0, 0), "station").numRows(),
  ];
}

/** Every pair; a filter on both sides is a join by any condition. */
export async function crossed(tables: Tables, out: string) {
  "use spmd";
  const known = (await stations(tables)).select("station", "height");
  const rows = (await measurements(tables)).select("id", "level", "station").filter((d) => d.id % 40 === 0);
  const steps = table({ from: [-10, 0, 10], to: [0, 10, 20], step: ["low", "mid", "high"] });
  const near = rows.cross(steps).filter((d) => d.level >= d.from && d.level < d.to);
  await rows.cross(known).orderby("id", "height", "station_2").writeParquet(`${out}/pairs`);
  return [
    rows.cross(steps).objects(),
    steps.cross(rows).slice(0, 60).objects(),
    near.objects(),
    near.groupby("step").count().objects(),
    known.cross(known).numRows(),
    known.cross(known).filter((d) => d.station_1 === d.station_2 && d.height_1 < d.height_2).objects(),
    rows.cross(steps.filter((d) => d.from > 100)).numRows(),
    rows.cross(known).rollup({ n: op.count(), mean: op.mean((d) => d.level * d.height) }).objects(),
  ];
}

/** The last row of a key is found; the left rows stay where they are. */
export async function lookedUp(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  const known = await stations(tables);
  const grades = table({ level: [3, 3, 4, null, -7, 3], grade: ["a", "b", "c", "d", "e", "f"], label: ["u", "v", "w", "x", "y", "z"] });
  const found = rows.select("id", "station", "level", "label").lookup(known, "station");
  await found.writeParquet(`${out}/found`, { order: "program" });
  return [
    found.objects(),
    rows.lookup(known.orderby("height"), "station", "name").slice(100, 200).select("id", "name").objects(),
    rows.select("id", "level", "label").lookup(grades, "level", "grade", "label").objects(),
    rows.lookup(grades, [(d) => d.level + 1, "level"], "grade").filter((d) => d.grade !== null && d.id > 100).select("grade", "id").objects(),
    rows.lookup(await large(tables), ["id", "key"], "x").rollup({ n: op.valid("x"), last: op.max("x") }).objects(),
    known.lookup(rows, "station", "value", "at").objects(),
    rows.groupby("station").rollup({ n: op.count() }).lookup(known, "station", "height").orderby("station").objects(),
    rows.lookup(known.slice(0, 0), "station", "name").numRows(),
  ];
}
