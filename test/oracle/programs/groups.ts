import { desc, op, readParquet, rolling } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

const P90 = 0.9;

export async function everyAggregate(tables: Tables) {
  "use spmd";
  const groups = (await measurements(tables)).groupby("station").rollup({
    n: op.count(), valid: op.valid("value"), kinds: op.distinct("value"), sum: op.sum("value"), mean: op.mean("value"), low: op.min("value"), high: op.max("value"),
    variance: op.variance("value"), stdev: op.stdev("value"), median: op.median("value"), any: op.any("value"), average: op.average("level"),
    missing: op.invalid("value"), population: op.variancep("value"), deviation: op.stdevp("level"), lowest: op.quantile("value", 0), tenth: op.quantile((d) => d.value, 0.1), most: op.quantile("value", P90), highest: op.quantile("level", 1),
  });
  return groups.objects();
}

export async function everyAggregateOfAll(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return rows.rollup({
    n: op.count(), valid: op.valid("value"), kinds: op.distinct("value"), sum: op.sum("value"), mean: op.mean("value"), low: op.min("value"), high: op.max("value"),
    variance: op.variance("value"), stdev: op.stdev("value"), median: op.median("value"), any: op.any("value"),
    missing: op.invalid("station"), population: op.variancep("value"), deviation: op.stdevp("value"), tenth: op.quantile("value", 0.1), most: op.quantile("value", P90),
  }).objects();
}

export async function aggregatesOfNothing(tables: Tables) {
  "use spmd";
  const none = await measurements({ ...tables, measurements: tables.nothing });
  return [
    none.rollup({ n: op.count(), valid: op.valid("value"), kinds: op.distinct("value"), sum: op.sum("level"), mean: op.mean("value"), low: op.min("label"), high: op.max("at"), variance: op.variance("value"), stdev: op.stdev("value"), median: op.median("value"), any: op.any("ok"), missing: op.invalid("ok"), population: op.variancep("value"), most: op.quantile("value", P90) }).objects(),
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

/** Ties, nulls and NaN, groups that are nulls alone, values of every type. */
export async function modesAndEnds(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const none = await measurements({ ...tables, measurements: tables.nothing });
  const sorted = rows.orderby(desc("at"));
  return [
    rows.groupby("station").rollup({ level: op.mode("level"), label: op.mode("label"), ok: op.mode("ok"), value: op.mode("value"), at: op.mode("at"), serial: op.mode("serial"), first: op.first("value"), last: op.last("value"), lastAt: op.last("at"), text: op.last((d) => d.label.trim()) }).objects(),
    sorted.groupby("level").rollup({ id: op.first("id"), last: op.last("id"), label: op.mode("label"), station: op.first("station"), lastStation: op.last("station"), computed: op.mode((d) => d.level % 2) }).objects(),
    rows.rollup({ level: op.mode("level"), station: op.mode("station"), value: op.mode("value"), first: op.first("serial"), last: op.last("label") }).objects(),
    none.rollup({ mode: op.mode("label"), first: op.first("id"), last: op.last("at"), corr: op.corr("value", "level") }).objects(),
    none.groupby("ok").rollup({ mode: op.mode("label"), first: op.first("id") }).objects(),
    sorted.derive({ usual: op.mode("level"), top: op.first("id"), near: rolling(op.mode("label"), [-3, 2]), soFar: rolling(op.last("value")), opened: rolling(op.first("station"), [-5, 0]), fit: rolling(op.corr("value", "level"), [-20, 0]), soFarFit: rolling(op.covariance("value", "level")) }).select("id", "usual", "top", "near", "soFar", "opened", "fit", "soFarFit").objects(),
    rows.groupby("level").derive({ usual: op.mode("label"), first: op.first("id"), around: rolling(op.mode("ok"), { on: "value", preceding: 100, following: 100 }) }).ungroup().select("id", "usual", "first", "around").objects(),
  ];
}

/** Products that are too large or too small on the way; of frames, of nothing. */
export async function products(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).derive({ flat: () => 7, edge: (d) => (d.level > 14 ? 1e200 : d.level < -14 ? -1e-200 : d.level === 0 ? 1 : d.level), wild: (d) => (d.id === 900 ? Infinity : d.level) });
  return [
    rows.groupby("station").rollup({ value: op.product("value"), edge: op.product("edge"), level: op.product((d) => d.level / 20) }).objects(),
    rows.rollup({ value: op.product("value"), edge: op.product("edge"), one: op.product("flat"), wild: op.product("wild") }).objects(),
    rows.filter((d) => d.level > 99).rollup({ product: op.product("value") }).objects(),
    rows.orderby(desc("at")).derive({ product: rolling(op.product("value"), [-2, 2]) }).select("id", "product").objects(),
    rows.groupby("level").derive({ soFar: rolling(op.product("value")) }).ungroup().select("id", "soFar").objects(),
  ];
}

/** Pairs of which one is missing; of numbers that are nearly the largest, or the smallest; many whose squares have no room. */
export async function pairs(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).derive({ flat: () => 7, wild: (d) => (d.id === 900 ? Infinity : d.level), huge: (d) => (d.id % 2 === 0 ? 1e150 : -1e150), tiny: (d) => (d.id % 2 === 0 ? 1e-140 * (1 + (d.id % 5)) : 0), far: (d) => (d.id % 2 === 0 ? 5e155 : -5e155) });
  return [
    rows.groupby("station").rollup({ cov: op.covariance("value", "level"), covp: op.covariancep("level", "value"), corr: op.corr("value", (d) => d.level * d.level), self: op.corr("level", "level") }).objects(),
    rows.rollup({ cov: op.covariance("value", "level"), corr: op.corr("value", "level"), none: op.corr("flat", "level"), wild: op.covariance("wild", "level"), wildFit: op.corr("level", "wild") }).objects(),
    rows.groupby("station").rollup({ spread: op.stdev("huge"), least: op.covariance("tiny", "far"), small: op.variance("tiny") }).objects(),
    rows.groupby("id").rollup({ alone: op.covariance("value", "level") }).rollup({ n: op.valid("alone") }).objects(),
  ];
}

/** Keys of every type, keys without rows, aggregates that count what is missing. */
export async function pivots(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  const none = await measurements({ ...tables, measurements: tables.nothing });
  const wide = rows.groupby("station").pivot("label", { n: op.count(), kinds: op.distinct("value"), missing: op.invalid("value"), sum: op.sum("level"), mean: op.mean("value"), usual: op.mode("ok"), first: op.first("at"), last: op.last("value"), fit: op.corr("value", "level") }, { keys: ["Straße", "😀 smile", "", "absent"] });
  await wide.writeParquet(`${out}/wide`);
  return [
    wide.objects(),
    rows.pivot("level", "id", { keys: [3, -20, 0, 99] }).objects(),
    rows.groupby("level").pivot({ late: (d) => d.at.getUTCFullYear() > 2000 }, { serial: op.max("serial"), n: op.count() }, { keys: [true, false], valueSeparator: " " }).objects(),
    rows.groupby("ok", { sign: (d) => Math.sign(d.level) }).pivot("label", { value: op.median("value") }, { keys: ["Straße", "ﬀ"] }).orderby(desc("Straße")).objects(),
    rows.pivot("label", "id", { keys: ["", "absent"] }).numRows(), none.pivot("label", "id", { keys: [""] }).count().objects(), rows.groupby("station").pivot("label", { fit: op.corr("value", "level") }, { keys: ["", "absent"] }).numRows(),
    none.pivot("label", { n: op.count(), valid: op.valid("value") }, { keys: ["a"] }).objects(), none.groupby("ok").pivot("label", "value", { keys: ["a"] }).objects(),
  ];
}

/** Row functions are asked for missing values alone; aggregates are those of the group. */
export async function imputed(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const known = rows.impute({ value: op.mean("value"), station: (d) => `at ${d.id}` });
  return [
    known.objects(), rows.groupby("level").impute({ value: op.median("value"), label: () => "?" }).rollup({ sum: op.sum("value"), n: op.valid("value") }).objects(),
    rows.orderby("at").impute({ value: op.fill_down("value", 0), station: op.lag("station", 1, "none") }).select("id", "value", "station").objects(),
    rows.impute({ station: (d) => (d.station === null ? "x" : d.station.repeat(-1)) }).select("station").objects(), known.filter((d) => (d.value ?? 0) > 1000).numRows(), rows.impute({ value: () => 0 }).numRows(),
  ];
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

/** A group may hold infinities alone; near the largest number a sum overflows, and a spread sooner. */
export async function infinities(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).derive({
    edge: (d) => (d.level > 14 ? Infinity : d.level < -14 ? -Infinity : d.level > 12 ? 1e308 : d.level < -12 ? -1.5e200 : d.level), both: (d) => (d.id % 2 === 0 ? Infinity : -Infinity),
  });
  return [
    rows.groupby("level").rollup({ low: op.min("edge"), high: op.max("edge"), sum: op.sum("edge"), mean: op.mean("edge"), variance: op.variance("edge"), stdev: op.stdevp("edge"), median: op.median("edge"), most: op.quantile("edge", 1), least: op.min("both"), any: op.any("edge") }).objects(),
    rows.groupby("station").rollup({ low: op.min("edge"), high: op.max("both"), sum: op.sum("both"), mean: op.mean("both"), kinds: op.distinct("edge") }).objects(),
    rows.rollup({ low: op.min("both"), high: op.max("edge"), mean: op.mean("both"), variance: op.variance("both") }).objects(),
    rows.filter((d) => d.level > 14).rollup({ low: op.min("edge"), mean: op.mean("edge") }).objects(),
  ];
}

/** An aggregate of a key's name takes the key's place. */
export async function keysReplaced(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  const counts = rows.derive({ count: (d) => d.level % 5 }).groupby("count", "ok").count();
  await counts.orderby("count", "ok").writeParquet(`${out}/counts`);
  return [
    counts.objects(),
    rows.groupby("level", "ok").rollup({ level: op.max("id"), n: op.count() }).objects(),
    rows.groupby("station").rollup({ station: op.min("label") }).groupby("station").count().objects(),
    rows.groupby("station").rollup({ station: op.any("id") }).join(rows.select("id", "level"), ["station", "id"]).orderby("id").objects(),
    rows.groupby("station", "level").rollup({ station: op.count() }).select("level").numRows(),
    rows.groupby("id").rollup({ id: op.min("level"), first: op.any("serial") }).orderby("id").slice(0, 300).objects(),
  ];
}

/** Of two keys of one name the later one counts, in the place of the first. */
export async function keysTwice(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  return [
    rows.groupby("ok", "level", "ok").count().objects(),
    rows.groupby("level", "ok", { level: (d) => d.level % 3 }).count().objects(),
    rows.groupby({ ok: (d) => d.id % 2 === 0 }, "ok").rollup({ n: op.count(), low: op.min("id") }).objects(),
  ];
}

/** -0 and 0 are one key, 0; elsewhere the sign stays, through files too. */
export async function zeros(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).derive({ zero: (d) => (d.level > 0 ? 0 : -0) });
  await rows.select("id", "zero", "value").writeParquet(`${out}/zeros`);
  const again = await readParquet<{ id: number; zero: number; value: number | null }>(`${out}/zeros`);
  return [
    rows.groupby("zero").count().derive({ sign: (d) => 1 / d.zero }).objects(),
    again.filter((d) => Object.is(d.zero, -0)).numRows(),
    again.derive({ sign: (d) => 1 / d.zero }).groupby("sign").count().objects(),
    again.groupby("value").count().filter((d) => d.value === 0).derive({ sign: (d) => 1 / (d.value ?? 1) }).objects(),
  ];
}
