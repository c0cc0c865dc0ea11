import { bin, desc, op, readParquet, rolling } from "@lockstep/runtime";
import type { Tables } from "../data.ts";
import { large, measurements } from "../open.ts";
import type { Measurement } from "../rows.ts";

/** Null, NaN and both zeros among the values; integers; of all of a table, of a filtered one, of nothing, of one row. */
export async function histograms(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  const none = await measurements({ ...tables, measurements: tables.nothing });
  const one = await measurements({ ...tables, measurements: tables.single });
  await rows.groupby({ value: bin("value", { maxbins: 30 }), level: bin("level", { offset: 1 }) }).rollup({ n: op.count(), least: op.min("value"), most: op.max("value") }).writeParquet(`${out}/bins`);
  return [
    rows.groupby({ value: bin("value") }).count().objects(),
    rows.groupby({ id: bin("id", { step: 333 }) }, "ok").rollup({ n: op.count(), sum: op.sum("level") }).objects(),
    rows.filter((d) => d.level > 18).groupby({ value: bin("value", { maxbins: 4, nice: false }) }).count().objects(),
    none.groupby({ value: bin("value") }).count().objects(), one.groupby({ value: bin("value") }).count().objects(), none.derive({ bin: bin("level") }).objects(), one.derive({ bin: bin("level") }).objects(),
    (await large(tables)).groupby({ x: bin("x", { maxbins: 100 }) }).count().orderby("x").objects(),
  ];
}

/** Of a table and of its groups, in its order and in another; what is cut away afterwards changes no bin. */
export async function binsOfRows(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const sorted = rows.orderby(desc("at"));
  const grouped = sorted.groupby({ bin: bin("value", { maxbins: 8 }) }, "ok");
  return [
    rows.derive({ bin: bin("value"), upper: bin("value", { offset: 1 }), level: bin("level", { minstep: 3 }) }).select("id", "bin", "upper", "level").objects(),
    sorted.groupby("station").derive({ bin: bin("value", { maxbins: 5 }), place: op.row_number() }).ungroup().select("id", "bin", "place").objects(),
    grouped.filter((d) => d.level > 0).rollup({ n: op.count(), first: op.first("id") }).objects(),
    grouped.slice(0, 2).derive({ value: (d) => (d.value ?? 0) + 1 }).ungroup().objects(),
    grouped.impute({ station: () => "none", value: op.max("value") }).rollup({ n: op.count(), least: op.min("value") }).objects(),
    grouped.groupby("station").groupby({ bin: bin("level") }, "ok").count().objects(), grouped.ungroup().numRows(),
    grouped.pivot("label", { n: op.count(), level: op.bins("level") }, { keys: ["", "absent"] }).objects(),
  ];
}

/** The boundaries: of groups, some of nulls alone, of frames of rows and of ranges, of what a row function gives. */
export async function boundaries(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const none = await measurements({ ...tables, measurements: tables.nothing });
  return [
    rows.groupby("station").rollup({ value: op.bins("value"), level: op.bins("level", 5, false), twice: op.bins((d) => d.level * 2, 100, true, 4), id: op.bins("id", 15, true, 0, 100) }).objects(),
    rows.groupby("id").rollup({ value: op.bins("value", 3) }).slice(0, 40).objects(),
    rows.rollup({ value: op.bins("value", 1), level: op.bins("level", 1000), n: op.count() }).objects(), none.rollup({ value: op.bins("value") }).objects(), none.groupby("ok").rollup({ value: op.bins("value") }).objects(),
    rows.orderby("at").derive({ near: rolling(op.bins("value", 4), [-3, 1]), soFar: rolling(op.bins("level")), around: rolling(op.bins("level", 6), { on: "value", preceding: 50, following: 5 }) }).select("id", "near", "soFar", "around").objects(),
    rows.groupby("level").derive({ bins: op.bins("value") }).ungroup().derive({ bin: (d) => op.bin(d.value, d.bins[0], d.bins[1], d.bins[2]) }).select("id", "bin").objects(),
  ];
}

interface Far extends Omit<Measurement, "serial"> {
  serial: number;
}

/** Integers past 2^53 are looked at. */
export async function binOfFar(tables: Tables) {
  "use spmd";
  return (await readParquet<Far>(tables.measurements)).derive({ bin: bin("serial") }).select("bin").objects();
}
