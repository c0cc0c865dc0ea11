import { desc, op } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function everyAggregate(tables: Tables) {
  "use spmd";
  const groups = (await measurements(tables)).groupby("station").rollup({
    n: op.count(), valid: op.valid("value"), kinds: op.distinct("value"), sum: op.sum("value"), mean: op.mean("value"), low: op.min("value"), high: op.max("value"),
    variance: op.variance("value"), stdev: op.stdev("value"), median: op.median("value"), any: op.any("value"), average: op.average("level"),
  });
  return groups.objects();
}

export async function everyAggregateOfAll(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.rollup({
    n: op.count(), valid: op.valid("value"), kinds: op.distinct("value"), sum: op.sum("value"), mean: op.mean("value"), low: op.min("value"), high: op.max("value"),
    variance: op.variance("value"), stdev: op.stdev("value"), median: op.median("value"), any: op.any("value"),
  }).objects();
}

export async function aggregatesOfNothing(tables: Tables) {
  "use spmd";
  const none = await measurements({ ...tables, measurements: tables.nothing });
  return [
    none.rollup({ n: op.count(), valid: op.valid("value"), kinds: op.distinct("value"), sum: op.sum("level"), mean: op.mean("value"), low: op.min("label"), high: op.max("at"), variance: op.variance("value"), stdev: op.stdev("value"), median: op.median("value"), any: op.any("ok") }).objects(),
    none.groupby("station").rollup({ n: op.count(), sum: op.sum("level") }).objects(),
    none.count().objects(),
  ];
}

export async function otherTypes(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.groupby("level").rollup({
    first: op.min("at"), last: op.max("at"), someone: op.any("at"), low: op.min("label"), high: op.max("label"), texts: op.distinct("label"), any: op.any("station"), flags: op.distinct("ok"), flag: op.any("ok"),
    lowest: op.min("serial"), highest: op.max("serial"), serials: op.distinct("serial"), times: op.distinct("at"), levels: op.sum("level"), validStations: op.valid("station"),
  }).objects();
}

export async function computedArguments(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.groupby({ month: (d) => d.at.getUTCMonth(), sign: (d) => Math.sign(d.level) }, "ok").rollup({
    total: op.sum((d) => (d.value ?? 0) * 2), positive: op.sum((d) => (d.level > 0 ? 1 : 0)), length: op.max((d) => d.label.length), someText: op.min((d) => `${d.station}/${d.label}`), valid: op.valid((d) => (d.ok ? d.level : null)), middle: op.median((d) => d.level / 2),
  }).objects();
}

export async function keysOfAllKinds(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return [
    rows.groupby("value").count().objects(),
    rows.groupby("ok").count().objects(),
    rows.groupby("label", "ok").count().objects(),
    rows.groupby({ zero: (d) => (d.level > 0 ? 0 : -0) }).count().objects(),
    rows.groupby({ day: (d) => new Date(d.at.getTime() - (d.at.getTime() % 86_400_000)) }).count().numRows(),
    (await stations(tables)).groupby("opened").count().objects(),
    rows.groupby("station", "level").rollup({ first: op.any("id"), n: op.count() }).objects(),
    rows.groupby("serial").count().numRows(),
  ];
}

export async function groupThenGroup(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const daily = rows.groupby("station", "level").rollup({ n: op.count(), total: op.sum("value") });
  return daily.filter((d) => d.n > 1).groupby("station").rollup({ groups: op.count(), rows: op.sum("n"), best: op.max("total") }).orderby(desc("rows"), "station").objects();
}

export async function firstAfterSort(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).orderby(desc("level"), "label");
  return rows.groupby("station").rollup({ id: op.any("id"), top: op.any("level") }).objects();
}

export async function manyGroups(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  const groups = rows.groupby("key", "name").rollup({ n: op.count(), sum: op.sum("x"), mean: op.mean("x"), last: op.max("id"), sd: op.stdev("x") });
  return [groups.numRows(), groups.slice(1000, 1100).objects(), groups.orderby(desc("n"), "key", "name").slice(0, 50).objects(), rows.rollup({ med: op.median("x"), kinds: op.distinct("x"), sum: op.sum("x"), v: op.variance("x") }).objects()];
}

export async function groupsOfText(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  return rows.groupby("name").rollup({ n: op.count(), low: op.min("x"), any: op.any("id"), med: op.median("x") }).objects();
}

/** A row function sees milliseconds, a name means the stored microseconds. */
export async function keysAsSeen(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables));
  const seen = rows.groupby({ at: (d) => d.at }).rollup({ low: op.min("at"), seen: op.min((d) => d.at) });
  await seen.orderby("at", "low").writeParquet(`${out}/seen`);
  return [seen.numRows(), rows.groupby("at").count().numRows(), rows.orderby((d) => d.at, "id").slice(0, 20).select("id").objects(), rows.dedupe({ x: (d) => d.at }).numRows()];
}

/** Of these tables nothing but the number of rows is seen. */
export async function rowsOfTotals(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return [rows.rollup({ a: op.mean("value") }).numRows(), rows.filter(() => false).rollup({ a: op.max("id") }).numRows(), rows.groupby("ok").rollup({ a: op.max("id") }).numRows(), rows.count().numRows()];
}
