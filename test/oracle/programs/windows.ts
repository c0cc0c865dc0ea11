import { desc, op, rolling } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

const nothing = (tables: Tables): Tables => ({ ...tables, measurements: tables.nothing });
const single = (tables: Tables): Tables => ({ ...tables, measurements: tables.single });

export async function ofGroups(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.groupby("station").derive({
    place: op.row_number(), rank: op.rank(), average: op.avg_rank(), dense: op.dense_rank(), percent: op.percent_rank(), share: op.cume_dist(), bucket: op.ntile(4),
    before: op.lag("value"), before3: op.lag("at", 3), after: op.lead("label"), or: op.lag("level", 2, -1), orText: op.lead((d) => d.label.length > 2 ? d.label : null, 1, "none"), serialBefore: op.lag("serial"),
    first: op.first_value("at"), last: op.last_value("value"), third: op.nth_value("ok", 3), down: op.fill_down("value"), up: op.fill_up("value"), upOr: op.fill_up("value", 0), downText: op.fill_down((d) => d.label === "" ? null : d.label),
  }).ungroup().objects();
}

/** Ties: peers. The order is that of the sorted table. */
export async function ofSortedGroups(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.orderby("level", desc("ok")).groupby("station").derive({
    place: op.row_number(), rank: op.rank(), average: op.avg_rank(), dense: op.dense_rank(), percent: op.percent_rank(), share: op.cume_dist(), bucket: op.ntile(7),
    before: op.lag("id"), near: rolling(op.sum("id"), [-1, 1], true), first: rolling(op.first_value("id"), [-2, 0], true), last: rolling(op.last_value("id"), [0, 2], true), second: rolling(op.nth_value("id", 2), [-1, 0], true),
    soFar: rolling(op.count(), [-Infinity, 0], true),
  }).ungroup().objects();
}

export async function ofTheTable(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.derive({
    place: op.row_number(), rank: op.rank(), average: op.avg_rank(), dense: op.dense_rank(), percent: op.percent_rank(), share: op.cume_dist(), bucket: op.ntile(4),
    before: op.lag("value"), before300: op.lag("at", 300), after: op.lead("label", 7), or: op.lead("level", 2, 99), first: op.first_value("at"), last: op.last_value("value"), third: op.nth_value("serial", 700), none: op.nth_value("id", 99999),
    down: op.fill_down("station"), up: op.fill_up("value"), downOr: op.fill_down((d) => (d.id % 900 === 400 ? d.id : null), -5),
  }).objects();
}

export async function ofTheSortedTable(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.orderby(desc("level")).derive({
    place: op.row_number(), rank: op.rank(), average: op.avg_rank(), dense: op.dense_rank(), percent: op.percent_rank(), share: op.cume_dist(), bucket: op.ntile(5),
    before: op.lag("id"), near: rolling(op.sum("id"), [-1, 1], true), first: rolling(op.first_value("id"), [-2, 0], true), last: rolling(op.last_value("id"), [0, 2], true), all: rolling(op.max("id"), [-Infinity, 0], true),
  }).filter((d) => d.level > -21).select("id", "level", "place", "rank", "average", "dense", "percent", "share", "bucket", "before", "near", "first", "last", "all").objects();
}

/** All rows are peers, over all ranks. */
export async function onePeer(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).derive({ one: () => 1 }).orderby("one");
  return rows.derive({ rank: op.rank(), average: op.avg_rank(), dense: op.dense_rank(), share: op.cume_dist(), sum: rolling(op.sum("level"), [0, 0], true) }).select("id", "rank", "average", "dense", "share", "sum").objects();
}

/** What was sorted by stays what peers are equal in, whatever is derived, dropped or filtered; a slice forgets it. */
export async function peersAreKept(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).orderby("level").derive({ level: (d) => d.id }).filter((d) => d.ok).select("id", { level: "n" });
  return [rows.derive({ rank: op.dense_rank() }).objects({ limit: 300 }), rows.slice(5, 300).derive({ rank: op.dense_rank() }).objects()];
}

export async function aggregates(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const groups = rows.groupby("station", { even: (d) => d.id % 2 === 0 }).derive({
    n: op.count(), valid: op.valid("value"), kinds: op.distinct("level"), sum: op.sum("value"), exact: op.sum("serial"), mean: op.mean("value"), low: op.min("at"), high: op.max("label"), middle: op.median("value"), spread: op.stdev("value"), any: op.any("value"), most: op.quantile("value", 0.9), missing: op.invalid("value"), population: op.variancep("value"),
  });
  const all = rows.derive({
    n: op.count(), valid: op.valid("value"), kinds: op.distinct("label"), sum: op.sum("value"), mean: op.mean((d) => d.level), low: op.min("at"), high: op.max("label"), middle: op.median("value"), spread: op.variance("value"), any: op.any("station"),
  });
  return [groups.ungroup().objects(), all.objects({ limit: 20, offset: 1500 })];
}

export async function rollingByRows(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const groups = rows.groupby("station").derive({
    soFar: rolling(op.sum("level")), still: rolling(op.count(), [0, Infinity]), near: rolling(op.mean("value"), [-2, 2]), low: rolling(op.min("label"), [-3, 0]), high: rolling(op.max("at"), [-1, 3]), middle: rolling(op.median("value"), [-5, 5]), most: rolling(op.quantile("value", 0.9), [-9, 0]), any: rolling(op.any("value"), [-2, 0]), kinds: rolling(op.distinct("ok"), [-1, 1]),
    spread: rolling(op.variance("value"), [-3, 1]), whole: rolling(op.sum("level"), [-Infinity, Infinity]), first: rolling(op.first_value("id"), [-3, 3]), last: rolling(op.last_value("id")), third: rolling(op.nth_value("id", 3), [-1, 1]), thirdSoFar: rolling(op.nth_value("id", 3)),
  });
  const all = rows.derive({
    soFar: rolling(op.sum("level")), soFarAnd3: rolling(op.max("value"), [-Infinity, 3]), still: rolling(op.count(), [0, Infinity]), stillFrom2: rolling(op.any("station"), [-2, Infinity]), near: rolling(op.mean("level"), [-200, 2]), low: rolling(op.min("label"), [-3, 0]), middle: rolling(op.median("value"), [-5, 5]), any: rolling(op.any("value"), [-2, 0]),
    whole: rolling(op.sum("value"), [-Infinity, Infinity]), first: rolling(op.first_value("id"), [-3, 3]), last: rolling(op.last_value("id")), third: rolling(op.nth_value("id", 3), [-1, 1]), thirdSoFar: rolling(op.nth_value("id", 300)), firstSoFar: rolling(op.first_value("at")), lastOf: rolling(op.last_value("at"), [0, Infinity]),
  });
  return [groups.ungroup().objects(), all.objects()];
}

export async function rollingByRange(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const days = 400;
  const groups = rows.groupby("ok").derive({
    week: rolling(op.sum("level"), { preceding: { days }, on: "at" }), around: rolling(op.mean("level"), { preceding: { weeks: 52, hours: 5 }, following: { days: 300 }, on: "at" }), any: rolling(op.any("id"), { on: "value", preceding: 20, following: 10 }), n: rolling(op.count(), { on: "value", preceding: 5 }), kinds: rolling(op.distinct("station"), { on: "level", preceding: 1, following: 1 }),
  });
  const all = rows.derive({
    place: op.row_number(), week: rolling(op.sum("level"), { preceding: { days }, on: "at" }), around: rolling(op.max("value"), { preceding: { weeks: 52, hours: 5 }, following: { days: 300 }, on: "at" }), any: rolling(op.any("id"), { on: "value", preceding: 20, following: 10 }), n: rolling(op.count(), { on: "value", preceding: 5 }),
    soFar: rolling(op.sum("id"), { on: "value", preceding: Infinity }), still: rolling(op.sum("id"), { on: "value", preceding: 0, following: Infinity }), same: rolling(op.min("id"), { on: "level", preceding: 0 }),
  });
  return [groups.ungroup().objects(), all.objects()];
}

/** Groups outlive the verbs between them and rollup. */
export async function groupedVerbs(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const groups = rows.groupby("station").derive({ before: op.lag("value"), n: op.count() }).filter((d) => d.before !== null && d.n > 3);
  const best = groups.orderby(desc("level"), "id").slice(0, 2);
  return [
    best.ungroup().objects(),
    best.rollup({ n: op.count(), top: op.max("level"), sum: op.sum("before") }).objects(),
    groups.slice(-1).ungroup().select("id", "station").objects(),
    groups.slice(1, -1).count().objects(),
    groups.groupby("ok").slice(3, 5).ungroup().select("id", "ok").objects(),
    groups.orderby("level").derive({ rank: op.rank() }).filter((d) => d.rank <= 2).ungroup().select("id", "level", "rank").objects(),
  ];
}

export async function ofNoRows(tables: Tables) {
  "use spmd";
  const none = await measurements(nothing(tables));
  return [
    none.derive({ place: op.row_number(), rank: op.rank(), before: op.lag("value"), sum: op.sum("level"), soFar: rolling(op.sum("level")), week: rolling(op.sum("level"), { on: "at", preceding: { days: 7 } }) }).objects(),
    none.groupby("station").derive({ place: op.row_number(), sum: op.sum("level"), near: rolling(op.mean("value"), [-1, 1]) }).slice(0, 1).ungroup().objects(),
  ];
}

export async function ofOneRow(tables: Tables) {
  "use spmd";
  const one = await measurements(single(tables));
  return one.orderby("id").derive({ percent: op.percent_rank(), share: op.cume_dist(), before: op.lag("value", 1, 5), sum: op.sum("level"), soFar: rolling(op.sum("level")), near: rolling(op.median("level"), [-1, 1]), week: rolling(op.sum("level"), { on: "at", preceding: { days: 7 } }) }).objects();
}

/** Ranks with no row, and a condition per row in the same derive. */
export async function fewRows(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 4).derive({ id: (d) => d.id * 2, place: op.row_number(), before: op.lag("id", 1, 77), soFar: rolling(op.sum("id")), still: rolling(op.sum("id"), [0, Infinity]), all: op.sum("id"), down: op.fill_down("station"), up: op.fill_up("station") });
  return rows.objects();
}

export async function writtenWindowsOrdered(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.orderby("at", "id").derive({ place: op.row_number(), rank: op.rank(), share: op.cume_dist(), bucket: op.ntile(3), before: op.lag("level"), seen: op.lag((d) => d.level), or: op.lag("level", 1, 0), filled: op.fill_down("at"), soFar: rolling(op.sum("level")), mean: op.mean("level"), low: rolling(op.min("serial"), [-1, 0]) }).writeParquet(out);
}

export async function manyRows(tables: Tables) {
  "use spmd";
  const rows = await large(tables);
  const groups = rows.groupby("key").derive({ place: op.row_number(), before: op.lag("x"), soFar: rolling(op.sum("x")), near: rolling(op.max("x"), [-1, 1]) });
  const all = rows.derive({ place: op.row_number(), before: op.lag("id", 50_000, -1), soFar: rolling(op.count()), near: rolling(op.sum("x"), [-2, 2]), total: op.sum("x") });
  return [
    groups.filter((d) => d.place % 10 === 3).rollup({ n: op.count(), before: op.sum("before"), soFar: op.sum("soFar"), near: op.sum("near") }).orderby("key").objects(),
    all.filter((d) => d.id % 9_973 === 0).objects(),
    all.rollup({ n: op.count(), before: op.sum("before"), soFar: op.max("soFar"), near: op.sum("near") }).objects(),
  ];
}

/** A table that several executions read, and a join before and after. */
export async function keptAndJoined(tables: Tables) {
  "use spmd";
  const names = await stations(tables);
  const rows = (await measurements(tables)).orderby("level").join(names, "station").derive({ place: op.row_number(), rank: op.rank() });
  const sorted = (await measurements(tables)).orderby("label");
  const n = await sorted.numRows();
  return [n, rows.filter((d) => d.place < 20).objects(), sorted.derive({ rank: op.dense_rank() }).filter((d) => d.id < 50).select("id", "rank").objects(), rows.groupby("name").derive({ n: op.count() }).ungroup().join(names.select("name"), "name").select("id", "name", "n").objects({ limit: 50 })];
}

export async function wrongFrame(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const start = rows.numRows() > 5 ? 1 : 0;
  return rows.derive({ x: rolling(op.sum("level"), [start, 2]) }).objects();
}

export async function wrongOffset(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const offset = rows.numRows() - 2003;
  return rows.derive({ x: op.lag("level", offset) }).objects();
}

/** Frames in which nothing has a value. */
export async function framesOfNulls(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).derive({ at: (d) => (d.id > 1990 ? d.at : null), n: (d) => (d.id > 1990 ? d.id : null), text: (d) => (d.id > 1990 ? d.label : null) });
  const frames = rows.derive({ low: rolling(op.min("at"), [-1, 0]), high: rolling(op.max("n"), [0, 1]), soFar: rolling(op.sum("n")), lowSoFar: rolling(op.min("at")), text: rolling(op.max("text"), [-2, 0]), mean: rolling(op.mean("n"), [-5, 0]), still: rolling(op.max("at"), [0, Infinity]) });
  const groups = rows.groupby("station").derive({ low: rolling(op.min("at"), [-1, 0]), lowSoFar: rolling(op.min("n")), high: op.max("at") });
  return [frames.select("id", "low", "high", "soFar", "lowSoFar", "text", "mean", "still").objects(), groups.ungroup().select("id", "low", "lowSoFar", "high").objects()];
}

/** Groups of a table that is on one rank alone. */
export async function groupsOfOneRow(tables: Tables) {
  "use spmd";
  const one = (await measurements(tables)).count().orderby(desc("count"));
  return [one.groupby("count").derive({ n: op.count(), place: op.row_number() }).ungroup().objects(), one.groupby("count").slice(0, 1).ungroup().objects(), one.derive({ rank: op.rank() }).objects()];
}

/** Rank 0 alone has something to do with the totals: the others' rows come to it though their own part is done. */
export async function totalsOfWindows(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 5).derive({ place: op.row_number(), before: op.lag("level", 1, 0) });
  return [rows.rollup({ n: op.count(), places: op.sum("place"), before: op.sum("before") }).objects(), rows.count().objects(), rows.orderby("level").derive({ rank: op.rank() }).rollup({ ranks: op.sum("rank"), n: op.count() }).objects()];
}

/** What is looked up, joined by nearness or put in keeps the sort's rows, or forgets what it found equal: alike in both executions. */
export async function peersAfterOtherVerbs(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "value").orderby("level");
  const known = (await stations(tables)).select("station", "height");
  return [
    rows.lookup(known, "station", "height").derive({ rank: op.rank(), near: rolling(op.count(), [0, 0], true) }).select("id", "rank", "near").objects(),
    rows.join_asof(known, { on: ["level", "height"] }).derive({ rank: op.rank(), near: rolling(op.count(), [0, 0], true) }).select("id", "rank", "near").objects(),
    rows.impute({ value: () => 0 }).derive({ rank: op.rank(), near: rolling(op.count(), [0, 0], true) }).select("id", "rank", "near").objects(),
    rows.impute({ value: op.mean("value") }).derive({ rank: op.rank(), near: rolling(op.count(), [0, 0], true) }).select("id", "rank", "near").objects(),
  ];
}
