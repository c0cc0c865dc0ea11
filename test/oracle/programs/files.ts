import { desc, op, readCsv, readJsonLines, readParquet } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

interface Part {
  level: number | null;
  label: string | null;
  station: string | null;
  positive: boolean | null;
  day: Date | null;
}

const dayOf = (at: Date | null): Date | null => (at === null ? null : new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)));

export async function folders(tables: Tables, out: string) {
  "use spmd";
  // Nearly each of them has a folder of its own.
  const few = (await measurements(tables)).filter((d) => d.level! % 6 === 0);
  const rows = few.derive({ positive: (d) => d.level! > 0, day: (d) => dayOf(d.at) }).select("level", "label", "station", "positive", "day");
  await rows.writeParquet(`${out}/parquet`, { partitionBy: ["station", "positive", "day"] });
  await rows.orderby(desc("level"), "label").writeCsv(`${out}/csv-ordered`, { partitionBy: ["positive", "day"] });
  await rows.orderby("level", "label").writeJsonLines(`${out}/json-ordered`, { partitionBy: ["day"] });
  const again = await readParquet<Part>(`${out}/parquet`);
  const text = await readCsv<{ level: number | null; label: string | null; positive: boolean | null; day: Date | null }>(`${out}/csv-ordered`);
  const lines = await readJsonLines<{ level: number | null; day: Date | null }>(`${out}/json-ordered`, { types: { day: "date" } });
  const some = again.filter((d) => d.positive! && d.day !== null);
  return [
    again.groupby("station", "positive").rollup({ n: op.count(), sum: op.sum("level"), last: op.max("day") }).orderby("station", "positive").objects(),
    some.numRows(),
    some.orderby("day", "level", "label", "station").objects({ limit: 50 }),
    text.groupby("positive", "day").rollup({ n: op.count() }).orderby("positive", "day").objects(),
    text.filter((d) => d.day === null).numRows(),
    lines.select("day").numRows(),
    lines.groupby("day").rollup({ sum: op.sum("level") }).orderby("day").objects(),
  ];
}

export async function manyFolders(tables: Tables, out: string) {
  "use spmd";
  const rows = (await large(tables)).derive({ k: (d) => Math.floor(d.x * 1000) % 60 });
  await rows.writeParquet(out, { partitionBy: ["k"] });
  return (await readParquet<{ x: number; k: number }>(out)).groupby("k").rollup({ n: op.count(), low: op.min("x") }).orderby("k").objects();
}

export async function filesOfSomeRowsOrdered(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("serial", "label").orderby(desc("serial"));
  await rows.writeParquet(`${out}/parquet`, { fileRows: 100 });
  await rows.writeCsv(`${out}/csv`, { fileRows: 33 });
  await rows.slice(0, 0).writeJsonLines(`${out}/none`, { fileRows: 5 });
  return (await readParquet<{ serial: number; label: string | null }>(`${out}/parquet`)).slice(95, 105).objects();
}

export async function oneFileOrdered(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("level", "label", "at");
  await rows.writeParquet(`${out}/a/all.parquet`, { single: true });
  await rows.writeCsv(`${out}/b/all.csv`, { single: true });
  await rows.writeJsonLines(`${out}/c/all.jsonl`, { single: true });
  await rows.writeCsv(`${out}/d/all.csv.gz`, { single: true, compression: "gzip" });
  await rows.writeJsonLines(`${out}/e/all.jsonl.zst`, { single: true, compression: "zstd" });
  await (await stations(tables)).writeParquet(`${out}/f/all.parquet`, { single: true });
  await (await stations(tables)).filter((d) => d.name === "nowhere").writeCsv(`${out}/f/all.csv`, { single: true, mode: "overwrite" });
  const [first, second] = [await readParquet<{ level: number | null }>(`${out}/a/all.parquet`), await readCsv<{ level: number | null }>(`${out}/d/all.csv.gz`)];
  return [first.slice(-3).array("level"), second.slice(-3).array("level"), (await readJsonLines<{ level: number | null }>(`${out}/e/all.jsonl.zst`)).numRows()];
}

export async function compressed(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("level", "label", "at");
  await rows.writeCsv(`${out}/gzip`, { compression: "gzip" });
  await rows.writeCsv(`${out}/zstd-ordered`, { compression: "zstd", order: "program", delimiter: ";" });
  await rows.writeJsonLines(`${out}/json`, { compression: "gzip", partitionBy: ["label"] });
  await rows.slice(0, 0).writeJsonLines(`${out}/nothing`, { compression: "zstd" });
  const csv = await readCsv<{ level: number | null; at: Date | null }>(`${out}/gzip`);
  const json = await readJsonLines<{ level: number | null; label: string | null }>(`${out}/json/**/*.jsonl.gz`);
  return [csv.rollup({ n: op.count(), sum: op.sum("level"), last: op.max("at") }).objects(), json.groupby("label").rollup({ sum: op.sum("level") }).orderby("label").objects()];
}

export async function added(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("level", "label", "station");
  await rows.slice(0, 500).writeParquet(`${out}/parquet`);
  await rows.slice(500, 1000).writeParquet(`${out}/parquet`, { mode: "append" });
  await rows.slice(1000, 1500).writeParquet(`${out}/parquet`, { mode: "append" });
  await rows.slice(0, 20).orderby("level").writeCsv(`${out}/csv-ordered`, { mode: "append" });
  await rows.slice(20, 40).orderby("level").writeCsv(`${out}/csv-ordered`, { mode: "append" });
  await rows.writeJsonLines(`${out}/folders`, { partitionBy: ["station"] });
  await rows.filter((d) => d.level! > 0).derive({ level: () => 0 }).writeJsonLines(`${out}/folders`, { partitionBy: ["station"], mode: "overwrite-partitions" });
  await rows.slice(0, 0).writeJsonLines(`${out}/folders`, { partitionBy: ["station"], mode: "append" });
}

export async function noRowsInFolders(tables: Tables, out: string) {
  "use spmd";
  const none = (await measurements(tables)).select("level", "label").filter((d) => d.level > 1000);
  await none.writeParquet(`${out}/parquet`, { partitionBy: ["level"] });
  await none.writeCsv(`${out}/csv`, { partitionBy: ["level"] });
  await none.slice(0, 0).writeCsv(`${out}/csv`, { partitionBy: ["level"], mode: "append" });
  return (await readParquet<{ label: string | null; level: number | null }>(`${out}/parquet`)).objects();
}

const given = (text: string): object => JSON.parse(text) as object;

export async function oneAndSeveral(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeParquet(out, given('{ "single": true, "fileRows": 10 }'));
}

export async function noSuchFolder(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeCsv(out, given('{ "partitionBy": ["nam"] }'));
}

export async function allInFolders(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).select("name").writeCsv(out, given('{ "partitionBy": ["name"] }'));
}

export async function partitionsOfNone(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeCsv(out, given('{ "mode": "overwrite-partitions" }'));
}


export async function addedToOneFile(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeCsv(`${out}/a.csv`, { single: true });
  await (await stations(tables)).writeCsv(`${out}/a.csv`, { mode: "append" });
}

export async function addedBesideFolders(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("level", "station");
  await rows.writeParquet(`${out}/parquet`, { partitionBy: ["station"] });
  await rows.writeParquet(`${out}/parquet`, { mode: "append" });
}

export async function addedInOtherFolders(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("level", "label", "station");
  await rows.writeParquet(`${out}/parquet`);
  await rows.writeParquet(`${out}/parquet`, { mode: "overwrite", partitionBy: ["station"] });
  await rows.writeParquet(`${out}/parquet`, { mode: "append", partitionBy: ["station"] });
  await rows.writeParquet(`${out}/parquet`, { mode: "overwrite-partitions", partitionBy: ["label"] });
}

export async function compressedByName(tables: Tables, out: string) {
  "use spmd";
  await (await measurements(tables)).select("level").writeCsv(`${out}/a.csv.gz`, { single: true });
  await (await measurements(tables)).select("level").writeJsonLines(`${out}/b.jsonl.ZST`, { single: true });
  const [first, second] = [await readCsv<{ level: number | null }>(`${out}/a.csv.gz`), await readJsonLines<{ level: number | null }>(`${out}/b.jsonl.ZST`)];
  return [first.slice(0, 3).array("level"), second.numRows()];
}

export async function compressedOtherwise(tables: Tables, out: string) {
  "use spmd";
  await (await stations(tables)).writeCsv(`${out}/a.csv.gz`, { single: true, compression: "zstd" });
}
