import { desc, op, readCsv, readParquet } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function untouched(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.writeParquet(`${out}/all`);
  await (await stations(tables)).writeParquet(`${out}/stations`);
  await rows.orderby(desc("serial")).writeParquet(`${out}/ordered`);
}

export async function options(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label", "at", "value");
  await rows.writeParquet(`${out}/zstd`, { compression: "zstd", rowGroupRows: 100 });
  await rows.writeParquet(`${out}/none-ordered`, { compression: "none", order: "program" });
  await rows.writeParquet(`${out}/typed`, { types: { id: "int32", level: "float32", value: "float32" } });
  await rows.slice(0, 10).writeParquet(`${out}/typed`, { mode: "overwrite", compression: "gzip" });
}

export async function csv(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.writeCsv(`${out}/program-ordered`, { order: "program" });
  await rows.select("id", "label").writeCsv(`${out}/bare-ordered`, { header: false, delimiter: ";", order: "program" });
  await (await stations(tables)).writeCsv(`${out}/stations-ordered`, { order: "program" });
  await rows.groupby("station").rollup({ n: op.count(), sum: op.sum("level"), high: op.max("value") }).orderby("station").writeCsv(`${out}/groups-ordered`);
}

export async function empty(tables: Tables, out: string) {
  "use spmd";
  const none = (await measurements(tables)).filter((d) => d.level > 1000);
  await none.writeParquet(`${out}/parquet`);
  await none.writeCsv(`${out}/csv`);
  await none.rollup({ n: op.count(), sum: op.sum("level"), low: op.min("label") }).writeParquet(`${out}/totals`);
}

export async function readBack(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.groupby("station").rollup({ n: op.count(), last: op.max("at") }).writeParquet(`${out}/groups`);
  const again = await readParquet<{ station: string | null; n: number; last: Date }>(`${out}/groups`);
  await again.orderby("station").writeCsv(`${out}/csv-ordered`);
  const text = await readCsv<{ station: string | null; n: number; last: Date }>(`${out}/csv-ordered`);
  return [again.orderby("station").objects(), text.objects()];
}

export async function bigOrdered(tables: Tables, out: string) {
  "use spmd";
  const rows = await large(tables);
  await rows.filter((d) => d.x > 0.5).writeParquet(out, { order: "program" });
}

export async function exists(tables: Tables, out: string) {
  "use spmd";
  const rows = (await stations(tables)).select("name");
  await rows.writeParquet(`${out}/twice`);
  await rows.writeParquet(`${out}/twice`);
}
