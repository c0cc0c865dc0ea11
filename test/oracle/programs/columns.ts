import { op, readParquet } from "@lockstep/runtime";
import { measurements } from "../open.ts";
import type { Tables } from "../data.ts";

const SHORT = ["id", "ok"] as const;

export async function selectForms(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 20);
  return [
    rows.select("level", "id").objects(),
    rows.select(["ok"], "at", { id: "number", level: "height" }).objects(),
    rows.select(SHORT).objects(),
    rows.select({ id: "level", level: "id" }).objects(),
    rows.select("id").derive({ id: (d) => -d.id }).objects(),
  ];
}

export async function renameForms(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "ok").slice(-5);
  return [
    rows.rename({ id: "key" }).objects(),
    rows.rename({ id: "level", level: "id" }).objects(),
    rows.rename({}).objects(),
    rows.rename({ ok: "isFine" }).filter((d) => d.isFine).objects(),
  ];
}

export async function wholeRows(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).objects();
}

/** The interface names one column of eight. */
export async function fewOfMany(tables: Tables) {
  "use spmd";
  const rows = await readParquet<{ level: number }>(tables.measurements);
  return rows.filter((d) => d.level > 15).select("level").objects();
}

/** A replaced column stays where it was, though nobody reads what it replaces. */
export async function replacedInPlace(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label", "ok");
  const replaced = rows.derive({ added: (d) => d.id + 1, level: (d) => d.label.length, id: () => 7 });
  await replaced.writeParquet(`${out}/one`);
  await rows.rename({ id: "n" }).derive({ n: (d) => d.level, level: (d) => `${d.level}` }).writeParquet(`${out}/two`);
  return replaced.objects({ limit: 3 });
}

export async function folded(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "value", "station", "label", "at", "ok");
  const long = rows.select("id", "level", "value").fold(["level", "value"]);
  await long.writeParquet(`${out}/long`, { order: "program" });
  return [
    long.objects(),
    rows.fold(["station", "label"], { as: ["which", "text"] }).filter((d) => d.text !== null && d.text > "st-2").select("id", "which", "text").slice(50, 250).objects(),
    rows.fold({ twice: (d) => d.level * 2, level: (d) => d.level }, { as: ["name", "n"] }).groupby("name").rollup({ n: op.count(), sum: op.sum("n") }).objects(),
    rows.select("id", "at").fold("at").slice(-3).objects(),
    rows.fold(["level", "value"]).numRows(),
    rows.fold(["level", "value"]).groupby("key").count().objects(),
    rows.orderby("station", "id").select("id", "ok").fold("ok", { as: ["k", "id_2"] }).slice(0, 20).objects(),
    rows.filter((d) => d.id < 0).fold(["level", "value"]).numRows(),
  ];
}

/** Without columns the number of rows is left; Arquero's own tables forget it. */
export async function noColumns(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.id < 5).select();
  const one = rows.rollup({});
  return [
    rows.numRows(), rows.objects(), rows.slice(1, 3).objects(), rows.objects({ limit: 2 }), rows.concat(rows).objects().length, rows.dedupe().objects(), rows.derive({ x: () => 1 }).objects(),
    rows.count().objects(), one.numRows(), one.objects(),
  ];
}
